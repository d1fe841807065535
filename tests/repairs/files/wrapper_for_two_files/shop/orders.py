from threading import Thread

from orders.models import Order
from shop.names import NAMES


def sync():
    for name in NAMES:
        Order.objects.create(name=name)


def start():
    sync()
    Thread(target=sync).start()  # DJT001
