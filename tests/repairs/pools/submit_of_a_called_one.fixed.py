import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order

pool = ThreadPoolExecutor(2)


def sync(name, *, note):
    return Order.objects.create(name=name, note=note).name


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
    print(sync("here", note="x"))
    print(pool.submit(closing_connections(sync), "a", note="b").result())  # DJT101
