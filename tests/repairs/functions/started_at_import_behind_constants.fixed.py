import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


def start():
    return sync("b")


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


POOL = ThreadPoolExecutor()
FIRST = "a"
POOL.submit(closing_connections(sync), FIRST).result()  # DJT101 # DJT401
