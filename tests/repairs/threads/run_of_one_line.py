from threading import Thread

from orders.models import Order


class Worker(Thread):
    def run(self): Order.objects.create(name="work")  # DJT001
