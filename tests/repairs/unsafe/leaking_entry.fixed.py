import functools
from threading import Thread

from django.db import connections, transaction
from orders.models import Order


def sync(name):
    Order.objects.filter(name=name).update(note="seen")


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
    sync("b")
    with transaction.atomic():
        Order.objects.create(name="a")
        transaction.on_commit(Thread(target=closing_connections(sync), args=("a",)).start)  # DJT001 # DJT201
