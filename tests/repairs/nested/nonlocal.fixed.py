from threading import Thread

from django.db import connections

from orders.models import Order


def start():
    count = 0

    def sync():
        nonlocal count
        try:
            count = Order.objects.count()
        finally:
            connections.close_all()

    thread = Thread(target=sync)  # DJT001
    thread.start()
    thread.join()
    print(count)
