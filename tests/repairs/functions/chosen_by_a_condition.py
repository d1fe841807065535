from threading import Thread

from orders.models import Order


def sync():
    Order.objects.create(name="made")


def push():
    Order.objects.create(name="push")


def start(order):
    Thread(target=sync if order.pushed else push).start()  # DJT001
