import threading

from orders.models import Order
from shop.names import NAMES


def sync(names):
    for name in names:
        Order.objects.create(name=name)


def start():
    sync("c")
    threading.Thread(target=sync, args=(NAMES,)).start()  # DJT001
