from threading import Thread

from django.db import connections
from orders.models import Order


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
Thread(None, target=sync_orders).start()  # DJT001 in-place sync_orders
