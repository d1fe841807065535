from functools import partial
from threading import Thread

from orders.models import Order


def start(order: Order):
    Thread(target=partial(order.push, now=True)).start()  # DJT001 boundary
