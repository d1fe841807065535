import functools
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name, times):
    Order.objects.create(name=name * times)


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
    sync("direct", 1)
    Thread(target=closing_connections(sync), args=("there",), kwargs={"times": 2}).start()  # noqa: S101 # DJT001
