"""Views."""
from functools import partial, wraps
from threading import Thread

from orders.models import Order


def start(order: Order):
    Thread(target=partial(order.push, now=True)).start()  # DJT001 boundary
    Thread(target=partial(order.pull, now=True)).start()  # DJT001 boundary
    return wraps
