from threading import Thread

from orders.models import Order


def sync_orders():
    """Push."""
    from django.db import connection

    try:
        Order.objects.get(pk=1).push()
    finally:
        connection.close()


Thread(target=sync_orders).start()  # DJT002 in-place sync_orders
