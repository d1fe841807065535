from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    @staticmethod
    def sync(name):
        try:
            Order.objects.create(name=name)
        finally:
            connections.close_all()

    def start(self):
        Thread(target=self.sync, args=("made",)).start()  # DJT001
