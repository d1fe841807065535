from threading import Thread

from django.db import connections, transaction
from orders.models import Order


def sync():
    try:
        list(Order.objects.using("archive"))
    finally:
        connections.close_all()


def start():
    Order.objects.create(name="a")
    with transaction.atomic(using="archive"):
        Thread(target=sync).start()  # DJT201
