from threading import Thread

from django.db import connections
from orders.models import Order


def sync_orders(ids):
    """Push the orders."""

    try:
        # newest first
        for order in Order.objects.filter(pk__in=ids):
            order.push()  # one by one
    finally:
        connections.close_all()


def view(request):
    Thread(target=sync_orders, args=([1],)).start()  # DJT001 in-place sync_orders
