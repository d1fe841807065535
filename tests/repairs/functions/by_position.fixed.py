from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    finally:
        connections.close_all()


def start():
    Thread(None, sync, "worker", ("made",)).start()  # DJT001
