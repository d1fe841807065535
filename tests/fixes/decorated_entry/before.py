from threading import Thread

from orders.models import Order


def logged(function):
    return function


@logged  # why
# and more
def sync_orders():
    # nothing but this
    Order.objects.get(pk=1).push()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
