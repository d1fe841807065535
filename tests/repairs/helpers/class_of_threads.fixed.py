from threading import Thread

from django.db import connections

from orders.models import Order


class Background(Thread):
    def __init__(self, function):
        super().__init__(daemon=True)
        self.function = function

    def run(self):
        try:
            self.function()
        finally:
            connections.close_all()


def sync():
    Order.objects.create(name="a")


def start():
    sync()
    Background(sync).start()  # DJT001
