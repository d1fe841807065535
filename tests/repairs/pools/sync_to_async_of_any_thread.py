from asgiref.sync import sync_to_async

from orders.models import Order


def count():
    return Order.objects.count()


async def start():
    print(count.__name__)
    print(await sync_to_async(count, thread_sensitive=False)())  # DJT101
