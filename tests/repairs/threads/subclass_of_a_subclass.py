from threading import Thread

from orders.models import Order


class Base(Thread):
    def run(self):
        self.work()

    def work(self):
        print("nothing")


class Counting(Base):
    def run(self):  # DJT001
        print(Order.objects.filter(pk=1).count())
        super().run()


def start():
    Counting().start()
