from threading import Thread

from django.db import connections

from orders.models import Order


class Sync(Thread):
    def __init__(self, name):
        super().__init__(target=self.sync, name=name, daemon=True)

    def sync(self):
        try:
            Order.objects.create(name=self.name)
        finally:
            connections.close_all()


def start():
    Sync("a").start()  # DJT001
