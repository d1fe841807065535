from threading import Thread

from orders.models import Order


class Sync(Thread):
    def __init__(self, name):
        super().__init__(target=self.sync, name=name, daemon=True)

    def sync(self):
        Order.objects.create(name=self.name)


def start():
    Sync("a").start()  # DJT001
