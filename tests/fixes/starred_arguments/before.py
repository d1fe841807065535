from threading import Thread

from orders.models import Order


def start(*args):
    Thread(*args).start()  # DJT001 boundary
    return Order
