import threading

from orders.models import Order
from shop.closing_connections import closing_connections


def sync(name):
    Order.objects.create(name=name)


def start():
    sync("b")
    threading.Thread(target=closing_connections(sync), args=("a",)).start()  # DJT001
