from threading import Thread

from orders.models import Order


class Worker(Thread):
    def run(self):  # DJT001
        self.work()

    def work(self):
        Order.objects.create(name="work")


def start():
    Worker().start()
