from threading import Thread

import eventlet
from orders.models import Order

eventlet.monkey_patch()

import functools

from django.db import connections


def push(name):
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


def push_now():
    Thread(target=closing_connections(push), args=("a",)).start()  # DJT001
