from threading import Thread

from django.db import connections
from orders.models import Order


def sync_orders():
    "Push."
    try:
        return Order.objects.get(pk=1)  # all
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders


def view(request):
    return Order
