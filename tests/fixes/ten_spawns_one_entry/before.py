from threading import Thread

from orders.models import Order


def sync_orders():
    Order.objects.get(pk=1).push()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
Thread(None, target=sync_orders).start()  # DJT001 in-place sync_orders
