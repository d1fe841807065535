import asyncio
import functools

from django.db import connections

from orders.models import Order


def sync(name, *, note):
    try:
        return Order.objects.create(name=name, note=note).name
    finally:
        connections.close_all()


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
    print(await asyncio.to_thread(sync, "a", note="b"))  # DJT101
    print(await asyncio.to_thread(closing_connections(Order.objects.count)))  # DJT101
