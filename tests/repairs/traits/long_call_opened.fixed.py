import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order


def sync(name, place, note):
    Order.objects.create(name=f"{name} at {place}, {note}")


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start():
    sync("direct", "home", "now and as long as it takes to get from the one to the other")
    with ThreadPoolExecutor() as pool:
        pool.submit(  # DJT101
            closing_connections(sync),
            "made up by the way",
            "the other side of the road",
            "later than that",
        )
