import functools
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name, *, times=1):
    return [Order.objects.create(name=name).name for _ in range(times)]


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
    sync("here")
    Thread(
        target=closing_connections(sync), args=("there",), kwargs={"times": 2}
    ).start()  # DJT001
