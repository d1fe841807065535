from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    finally:
        connections.close_all()


def start():
    later("a")


def later(name):
    Thread(target=sync, args=(name,)).start()  # DJT001
