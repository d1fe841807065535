import functools
from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    @staticmethod
    def sync(name):
        return Order.objects.create(name=name).name


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
    print(Jobs.sync("here"))
    Thread(target=closing_connections(Jobs.sync), args=("there",)).start()  # DJT001
