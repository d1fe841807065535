from threading import Thread

from django.db import connection, connections
from orders.models import Order


class Jobs:
    def one(self):
        """Do.""" "It."
        try:
            Order.objects.get(pk=1).push()
        finally:
            connections.close_all()

    @classmethod
    def two(cls):
        try:
            if cls:
                return
            Order.objects.get(pk=2).push()
        finally:
            connection.close()

    def start(self):
        Thread(target=self.one).start()  # DJT001 in-place Jobs.one
        Thread(target=self.two).start()  # DJT003 in-place Jobs.two one-database
