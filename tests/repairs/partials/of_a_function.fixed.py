from functools import partial
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name, note=""):
    try:
        Order.objects.create(name=name, note=note)
    finally:
        connections.close_all()


def start():
    Thread(target=partial(sync, "a", note="b")).start()  # DJT001
