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
    sync("here")
    Thread(target=closing_connections(sync), args=("1",)).start()  # DJT001
    Thread(target=closing_connections(sync), args=("2",)).start()  # DJT001


def start_more():
    Thread(target=closing_connections(sync), args=("3",)).start()  # DJT001
