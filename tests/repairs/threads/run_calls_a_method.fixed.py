from threading import Thread

from django.db import connections

from orders.models import Order


class Worker(Thread):
    def run(self):  # DJT001
        try:
            self.work()
        finally:
            connections.close_all()

    def work(self):
        Order.objects.create(name="work")


def start():
    Worker().start()
