from threading import Thread

from asgiref.sync import async_to_sync, sync_to_async

from orders.models import Order


def count():
    return Order.objects.count()


async def report():
    print(await sync_to_async(count)())


def start():
    Thread(target=lambda: async_to_sync(report)()).start()  # DJT001
