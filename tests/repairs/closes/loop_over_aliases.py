from threading import Thread

from django.db import connections
from orders.models import Order


def sync():
    Order.objects.create(name="a")


def close_them():
    for each in connections:  # the names
        each.close()  # DJT005


def start():
    Thread(target=sync).start()  # DJT001
