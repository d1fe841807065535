from threading import Thread

from orders.models import Order


def sync_orders(lock):
    try: Order.objects.get(pk=1).push()
    finally: lock.release()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
