from threading import Thread

from django.db import connections

from orders.models import Order


class Logged(Thread):
    def run(self):
        try:
            print("begins")
            super().run()
            print("ends")
        finally:
            connections.close_all()


def sync():
    Order.objects.create(name="made")


def start():
    Logged(target=sync).start()  # DJT001
