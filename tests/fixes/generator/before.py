from threading import Thread

from orders.models import Order


def sync_orders():
    yield Order.objects.get(pk=1)


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
