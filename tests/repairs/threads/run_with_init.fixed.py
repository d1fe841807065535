from threading import Thread

from django.db import connections

from orders.models import Order


class Worker(Thread):
    def __init__(self, order):
        super().__init__(daemon=True)
        self.order = order

    def run(self):  # DJT001
        """Push."""
        try:
            Order.objects.create(name=self.order.name)
        finally:
            connections.close_all()


def start(order):
    Worker(order).start()
