from asgiref.sync import sync_to_async
from django.db import connections
from orders.models import Order


async def start():
    await Order.objects.acreate(name="a")
    await sync_to_async(connections.close_all)()  # DJT103
