import functools
from threading import Thread

from django.db import connections

from orders.models import Order


class Callable:
    """Something of the project's own."""


def push(order: Order) -> None:
    order.push()


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def push_now(order: Order) -> None:
    push(order)
    Thread(target=closing_connections(push), args=(order,)).start()  # DJT001
