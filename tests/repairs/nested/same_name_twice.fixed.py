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


def start():
    def work():
        Order.objects.create(name="one")

    Thread(target=closing_connections(work)).start()  # DJT001


def start_two():
    def work():
        Order.objects.create(name="two")

    work()
    Thread(target=closing_connections(work)).start()  # DJT001
