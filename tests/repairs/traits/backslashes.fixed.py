from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name, \
         note=""):
    try:
        total = 1 + \
            2
        Order.objects.create(name=name,
            note=str(total))
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
