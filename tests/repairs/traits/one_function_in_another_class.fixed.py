from threading import Thread

from django.db import connections

from orders.models import Order


class Outer:
    class Inner:
        @staticmethod
        def sync(name):
            try:
                Order.objects.create(name=name)
            finally:
                connections.close_all()

    def start(self):
        Thread(target=self.Inner.sync, args=("a",)).start()  # DJT001
