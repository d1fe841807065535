from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    connections = 3

    def sync(self, name):
        try:
            Order.objects.create(name=name, note=str(self.connections))
        finally:
            connections.close_all()

    def start(self):
        Thread(target=self.sync, args=("a",)).start()  # DJT001
