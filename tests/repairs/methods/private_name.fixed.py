from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    def __sync(self):
        try:
            Order.objects.create(name="made")
        finally:
            connections.close_all()

    def start(self):
        Thread(target=self.__sync).start()  # DJT001
