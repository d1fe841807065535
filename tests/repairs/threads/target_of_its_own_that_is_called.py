from threading import Thread

from orders.models import Order


class Sync(Thread):
    def __init__(self, name):
        Thread.__init__(self, None, self.sync)
        self.name = name

    def sync(self):
        Order.objects.create(name=self.name)


def start():
    thread = Sync("a")  # DJT001
    thread.sync()
    thread.start()
