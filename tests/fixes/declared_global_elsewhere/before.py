from threading import Thread

from django.db import connections

from orders.models import Order


def reset():
    global connections
    connections = None


def sync_orders():
    Order.objects.get(pk=1).push()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
