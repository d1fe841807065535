import functools
from threading import Thread

from orders.models import Order


from django.db import connections, transaction


@transaction.atomic
def sync(name):
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


def start():
    Thread(target=closing_connections(sync), args=("a",)).start()  # DJT001
