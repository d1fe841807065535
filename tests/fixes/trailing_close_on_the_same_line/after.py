from threading import Thread

from django.db import connections

from orders.models import Order


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()  # both


Thread(target=sync_orders).start()  # DJT002 in-place sync_orders
