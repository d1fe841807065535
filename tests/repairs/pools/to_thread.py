import asyncio

from orders.models import Order


def sync(name, *, note):
    return Order.objects.create(name=name, note=note).name


async def start():
    print(await asyncio.to_thread(sync, "a", note="b"))  # DJT101
    print(await asyncio.to_thread(Order.objects.count))  # DJT101
