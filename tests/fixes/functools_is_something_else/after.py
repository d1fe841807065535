import functools as _functools
from threading import Thread

from django.db import connection
from orders.models import Order


functools = None


def closing_connections(function):
    """Run the function so that its thread's database connections are closed when it ends."""

    @_functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return run


def start(order: Order):
    Thread(target=closing_connections(order.push)).start()  # DJT001 boundary one-database
