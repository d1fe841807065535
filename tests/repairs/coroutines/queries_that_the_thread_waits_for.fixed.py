import functools
from threading import Thread

from asgiref.sync import async_to_sync
from django.db import connections
from orders.models import Order


async def sync():
    await Order.objects.acreate(name="a")


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
    Thread(target=closing_connections(async_to_sync(sync))).start()  # DJT001
