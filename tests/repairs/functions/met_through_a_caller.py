from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    later("a")


def later(name):
    Thread(target=sync, args=(name,)).start()  # DJT001
