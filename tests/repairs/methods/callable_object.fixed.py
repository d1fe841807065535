import functools
from threading import Thread

from django.db import connections

from orders.models import Order


class Sync:
    def __call__(self):
        Order.objects.create(name="made")


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
    Thread(target=closing_connections(Sync())).start()  # DJT001
