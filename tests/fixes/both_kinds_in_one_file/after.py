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


def only_spawned():
    try:
        Order.objects.get(pk=1).push()
        Thread(target=closing_connections(shared)).start()  # DJT001 boundary shared
    finally:
        connections.close_all()


def shared():
    Order.objects.get(pk=2).push()


def start():
    shared()
    Thread(target=only_spawned).start()  # DJT001 in-place only_spawned
