from threading import Thread

from django.db import connections
from django.db import connections as db_connections

from orders.models import Order


def reset():
    global connections
    connections = None


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    finally:
        db_connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
