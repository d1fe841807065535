from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    Thread(None, sync, "worker", ("made",)).start()  # DJT001
