import functools
from threading import Thread

from django.db import connections, transaction
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


def background(function):
    def inner(*args, **kwargs):
        Thread(target=closing_connections(function), args=args, kwargs=kwargs).start()

    return inner


@background  # DJT001
@transaction.atomic
def sync(name):
    Order.objects.create(name=name)


def start():
    sync("a")
