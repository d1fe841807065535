from django.db import connections
from orders.models import Order


def close_them():
    for connection in connections.all():
        connection.close_if_unusable_or_obsolete()


async def count():
    print(await Order.objects.acount())
    close_them()  # DJT103
