import functools
from threading import Thread

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connections

from orders.models import Order


def count():
    return Order.objects.count()


async def report():
    print(await sync_to_async(count)())


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
    Thread(target=closing_connections(lambda: async_to_sync(report)())).start()  # DJT001
