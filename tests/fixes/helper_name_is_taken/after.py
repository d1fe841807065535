import functools
from threading import Thread

from django.db import connections
from orders.models import Order


def closing_connections():
    return Order


def closing_connections_2(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


class Jobs:
    def start(self, order):
        Thread(target=closing_connections_2(order.push)).start()  # DJT001 boundary
        return closing_connections()
