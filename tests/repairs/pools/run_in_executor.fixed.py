import asyncio

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


async def start():
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, sync, "a"))  # DJT101
