import asyncio

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


async def start():
    print(await asyncio.gather(*(asyncio.to_thread(sync, name) for name in "ab")))  # DJT101
