from threading import Thread

from django.db import connections
from orders.models import Order


def sync():
    try:
        Order.objects.create(name="a")
    finally:
        connections.close_all()


def close_them():
    for each in connections.all():  # the names
        each.close()  # DJT005


def start():
    Thread(target=sync).start()  # DJT001
