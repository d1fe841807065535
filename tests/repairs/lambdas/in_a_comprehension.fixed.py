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
    threads = [Thread(target=closing_connections(lambda name=name: Order.objects.create(name=name))) for name in "abc"]  # DJT001
    for thread in threads:
        thread.start()
