from django.db import connections
from orders.models import Order


def finish():
    print("done")
    connections.close_all()


async def count():
    print(await Order.objects.acount())
    finish()  # DJT103
