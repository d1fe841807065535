from threading import Thread

from django.db import connections

from orders.models import Order


def orders():
    for order in Order.objects.filter(pk__lte=2).order_by("pk"):
        yield order.name


def sync():
    try:
        for name in orders():
            print(name)
    finally:
        connections.close_all()


def start():
    Thread(target=sync).start()  # DJT001
