import threading

from orders.models import Order
from shop.closing_connections import closing_connections
from shop.names import NAMES


def sync(names):
    for name in names:
        Order.objects.create(name=name)


def start():
    sync("c")
    threading.Thread(target=closing_connections(sync), args=(NAMES,)).start()  # DJT001
