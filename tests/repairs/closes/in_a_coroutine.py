from django.db import connections
from orders.models import Order


async def start():
    await Order.objects.acreate(name="a")
    connections.close_all()  # DJT103
