from threading import Thread

from orders.models import Order


functools = None


def start(order: Order):
    Thread(target=order.push).start()  # DJT001 boundary one-database
