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


class Jobs:
    def sync(self, name):
        Order.objects.create(name=name)

    def start(self):
        self.sync("here")
        Thread(target=closing_connections(self.sync), args=("there",)).start()  # DJT001
