# Licence of this file.

from django.db import connections


# Does the work.
def sync_orders(Order):
    try:
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()


def start(Thread, Order):
    Thread(target=sync_orders, args=(Order,)).start()  # DJT001 in-place sync_orders
