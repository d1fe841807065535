from threading import Thread

from django.db import connections

from orders.models import Order


COUNT = 0


def sync():
    """Count the orders."""
    global COUNT
    try:
        COUNT = Order.objects.count()
    finally:
        connections.close_all()


def start():
    thread = Thread(target=sync)  # DJT001
    thread.start()
    thread.join()
    print(COUNT)
