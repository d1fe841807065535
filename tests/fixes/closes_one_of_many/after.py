from threading import Thread

from django.db import connections

from orders.models import Order


def sync_orders():
    try:
        Order.objects.using("archive").get(pk=1).push()
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT007 in-place sync_orders
