"""Collect."""

import os
from gevent import monkey

monkey.patch_all()

import functools
from threading import Thread

from django.db import connections

from orders.models import Order


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


def push_now(name):
    push(name)
    print(os.getpid())
    Thread(target=closing_connections(push), args=(name,)).start()  # DJT001
