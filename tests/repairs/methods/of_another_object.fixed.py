from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    def sync(self):
        try:
            Order.objects.create(name="made")
        finally:
            connections.close_all()


def start():
    jobs = Jobs()
    Thread(target=jobs.sync).start()  # DJT001
