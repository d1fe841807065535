import functools
from threading import Thread

from django.db import connections, transaction

from orders.models import Order


@transaction.atomic(using="archive")
def sync(name):
    Order.objects.using("archive").create(name=name)


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
    Thread(target=closing_connections(sync), args=("a",)).start()  # DJT001
