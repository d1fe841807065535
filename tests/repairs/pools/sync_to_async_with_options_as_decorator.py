from asgiref.sync import sync_to_async

from orders.models import Order


@sync_to_async(thread_sensitive=False)  # DJT101
def ship(name):
    return Order.objects.create(name=name).name


async def start():
    return await ship("x")  # its close is not the coroutine's
