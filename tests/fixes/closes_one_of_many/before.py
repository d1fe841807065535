from threading import Thread

from django.db import connection

from orders.models import Order


def sync_orders():
    try:
        Order.objects.using("archive").get(pk=1).push()
    finally:
        connection.close()


Thread(target=sync_orders).start()  # DJT007 in-place sync_orders
