from threading import Thread

from django.db import connection

from orders.models import Order


def sync_orders():
    Order.objects.get(pk=1).push()

    # we are in a thread
    connection.close()  # back to the server
    # the end


Thread(target=sync_orders).start()  # DJT002 in-place sync_orders
