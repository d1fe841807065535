from threading import Thread

from asgiref.sync import async_to_sync
from orders.models import Order


async def sync():
    await Order.objects.acreate(name="a")


def start():
    Thread(target=async_to_sync(sync)).start()  # DJT001
