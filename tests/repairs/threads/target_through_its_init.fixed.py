import functools
from threading import Thread

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


class Job(Thread):
    def __init__(self, function, name):
        super().__init__(name=name, target=closing_connections(function), args=(name,))


def sync(name):
    Order.objects.create(name=name)


def start():
    Job(sync, "a").start()  # DJT001
    Job(sync, "b").start()  # DJT001
