from asgiref.sync import sync_to_async
from django.db import connections

from orders.models import Order


@sync_to_async(thread_sensitive=False)  # DJT101
def ship(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


async def start():
    return await ship("x")  # its close is not the coroutine's
