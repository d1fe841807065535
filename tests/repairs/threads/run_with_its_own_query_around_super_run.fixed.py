from threading import Thread

from django.db import connections

from orders.models import Order


class Counted(Thread):
    def run(self):  # DJT001
        try:
            super().run()
            print(Order.objects.count())
        finally:
            connections.close_all()


def sync():
    print("made")


def start():
    Counted(target=sync).start()
