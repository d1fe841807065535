from threading import Thread

from django.db import connections
from orders.models import Order


def logged(function):
    return function


@logged  # why
# and more
def sync_orders():
    try:
        # nothing but this
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
