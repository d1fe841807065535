import asyncio
from threading import Thread

from asgiref.sync import sync_to_async

from orders.models import Order


def count():
    return Order.objects.count()


async def report():
    print(await sync_to_async(count)())


def start():
    Thread(target=lambda: asyncio.run(report())).start()  # DJT001


# left: asgiref runs the query in a thread of its own, where a close in this one does not reach
