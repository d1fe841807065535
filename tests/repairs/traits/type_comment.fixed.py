from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    # type: (str) -> None
    try:
        order = Order.objects.create(name=name)  # type: Order
        order.push()
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
