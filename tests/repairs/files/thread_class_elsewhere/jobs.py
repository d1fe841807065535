from threading import Thread

from orders.models import Order


class Worker(Thread):
    def run(self):  # DJT001
        Order.objects.create(name="a")
