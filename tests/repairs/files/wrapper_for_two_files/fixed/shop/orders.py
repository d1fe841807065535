from threading import Thread

from orders.models import Order
from shop.closing_connections import closing_connections
from shop.names import NAMES


def sync():
    for name in NAMES:
        Order.objects.create(name=name)


def start():
    sync()
    Thread(target=closing_connections(sync)).start()  # DJT001
