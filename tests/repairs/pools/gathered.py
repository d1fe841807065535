import asyncio

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


async def start():
    print(await asyncio.gather(*(asyncio.to_thread(sync, name) for name in "ab")))  # DJT101
