import asyncio
from threading import Thread

from orders.models import Order


async def sync():
    await Order.objects.acreate(name="a")


def work():
    asyncio.run(sync())


def start():
    # left: asgiref runs the query in a thread of its own, where a close in this one does not reach
    Thread(target=work).start()  # DJT001
