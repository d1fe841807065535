from threading import Thread

from django.db import connections, transaction
from orders.models import Order


def sync(pk):
    try:
        Order.objects.filter(pk=pk).update(note="seen")
    finally:
        connections.close_all()


class Starter:
    def start(self):
        with transaction.atomic():
            order = Order.objects.create(name="a")
            self.thread = Thread(target=sync, args=(order.pk,))  # DJT201
            self.thread.start()
