import functools

from asgiref.sync import sync_to_async
from django.db import connections

from orders.models import Order


def count():
    return Order.objects.count()


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


async def start():
    print(count.__name__)
    print(await sync_to_async(closing_connections(count), thread_sensitive=False)())  # DJT101
