from threading import Thread

from django.db import connection

from orders.models import Order


def sync_orders():
    connection.close()
    Order.objects.get(pk=1).push()


Thread(target=sync_orders).start()  # DJT003 in-place sync_orders
