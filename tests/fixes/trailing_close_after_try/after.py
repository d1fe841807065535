from threading import Thread

import django.db

from orders.models import Order


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    except Order.DoesNotExist:
        raise
    finally:
        django.db.connections.close_all()


Thread(target=sync_orders).start()  # DJT002 in-place sync_orders
