from threading import Semaphore, Thread

from orders.models import Order


def sync_orders(lock):
    try: Order.objects.get(pk=1).push()
    finally: lock.release()


Thread(target=sync_orders, args=(Semaphore(),)).start()  # DJT001 in-place sync_orders
