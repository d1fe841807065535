from asgiref.sync import sync_to_async
from django.db import connections
from orders.models import Order


def close_them():
    for connection in connections.all():
        connection.close_if_unusable_or_obsolete()


async def count():
    print(await Order.objects.acount())
    await sync_to_async(close_them)()  # DJT103
