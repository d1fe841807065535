from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    r"""Create \d."""
    try:
        Order.objects.create(name=name)
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
