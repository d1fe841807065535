import functools
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(depth):
    Order.objects.create(name=str(depth))
    if depth:
        sync(depth - 1)


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
    Thread(target=closing_connections(sync), args=(2,)).start()  # DJT001
