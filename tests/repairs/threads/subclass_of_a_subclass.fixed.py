from threading import Thread

from django.db import connections

from orders.models import Order


class Base(Thread):
    def run(self):
        self.work()

    def work(self):
        print("nothing")


class Counting(Base):
    def run(self):  # DJT001
        try:
            print(Order.objects.filter(pk=1).count())
            super().run()
        finally:
            connections.close_all()


def start():
    Counting().start()
