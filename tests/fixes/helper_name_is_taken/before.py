from threading import Thread

from orders.models import Order


def closing_connections():
    return Order


class Jobs:
    def start(self, order):
        Thread(target=(order.push)).start()  # DJT001 boundary
        return closing_connections()
