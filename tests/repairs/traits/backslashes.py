from threading import Thread

from orders.models import Order


def sync(name, \
         note=""):
    total = 1 + \
        2
    Order.objects.create(name=name,
        note=str(total))


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
