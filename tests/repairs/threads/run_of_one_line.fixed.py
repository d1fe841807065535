from threading import Thread

from django.db import connections

from orders.models import Order


class Worker(Thread):
    def run(self):
        try:
            Order.objects.create(name="work")  # DJT001
        finally:
            connections.close_all()
