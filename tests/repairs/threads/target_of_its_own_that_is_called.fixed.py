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


class Sync(Thread):
    def __init__(self, name):
        Thread.__init__(self, None, closing_connections(self.sync))
        self.name = name

    def sync(self):
        Order.objects.create(name=self.name)


def start():
    thread = Sync("a")  # DJT001
    thread.sync()
    thread.start()
