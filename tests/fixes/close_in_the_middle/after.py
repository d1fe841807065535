from threading import Thread

from django.db import connection, connections

from orders.models import Order


def sync_orders():
    try:
        connection.close()
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT003 in-place sync_orders
