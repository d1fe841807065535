from threading import Thread

from orders.models import Order


COUNT = 0


def sync():
    """Count the orders."""
    global COUNT
    COUNT = Order.objects.count()


def start():
    thread = Thread(target=sync)  # DJT001
    thread.start()
    thread.join()
    print(COUNT)
