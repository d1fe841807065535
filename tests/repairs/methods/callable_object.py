from threading import Thread

from orders.models import Order


class Sync:
    def __call__(self):
        Order.objects.create(name="made")


def start():
    Thread(target=Sync()).start()  # DJT001
