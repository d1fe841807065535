from threading import Thread

from django.db import connections
from orders.models import Order


class Jobs:
    @staticmethod
    def sync():
        try:
            Order.objects.get(pk=1).push()  # one line
        finally:
            connections.close_all()

    def start(self):
        Thread(target=Jobs.sync).start()  # DJT001 in-place Jobs.sync
