import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order


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
    with ThreadPoolExecutor() as pool:
        print(sorted(pool.map(closing_connections(lambda name: Order.objects.create(name=name).name), ["a", "b"])))  # DJT101
