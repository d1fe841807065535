from threading import Thread

from orders.models import Order


def sync(depth):
    Order.objects.create(name=str(depth))
    if depth:
        sync(depth - 1)


def start():
    Thread(target=sync, args=(2,)).start()  # DJT001
