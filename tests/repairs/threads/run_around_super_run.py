from threading import Thread

from orders.models import Order


class Logged(Thread):
    def run(self):
        print("begins")
        super().run()
        print("ends")


def sync():
    Order.objects.create(name="made")


def start():
    Logged(target=sync).start()  # DJT001
