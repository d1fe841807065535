import asyncio

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


async def start():
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, sync, "a"))  # DJT101
