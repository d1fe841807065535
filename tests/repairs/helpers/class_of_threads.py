from threading import Thread

from orders.models import Order


class Background(Thread):
    def __init__(self, function):
        super().__init__(daemon=True)
        self.function = function

    def run(self):
        self.function()


def sync():
    Order.objects.create(name="a")


def start():
    sync()
    Background(sync).start()  # DJT001
