from threading import Thread

from orders.models import Order


class Worker(Thread):
    def __init__(self, order):
        super().__init__(daemon=True)
        self.order = order

    def run(self):  # DJT001
        """Push."""
        Order.objects.create(name=self.order.name)


def start(order):
    Worker(order).start()
