import functools
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


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
    sync("b")
    Thread(  # DJT001
        target=closing_connections(
            # in the background
            sync
        ),
        args=("a",),
    ).start()
