from threading import Thread

from django.db import connections

from orders.models import Order


def sync():
    try:
        return Order.objects.create(name="made").name
    finally:
        connections.close_all()


def start(): Thread(target=sync).start()  # DJT001
