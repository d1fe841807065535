from threading import Thread

from django.db import connections

from orders.models import Order


class Worker(Thread):
    def run(self):  # DJT001
        try:
            Order.objects.create(name="a")
        finally:
            connections.close_all()
