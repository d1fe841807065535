from threading import Thread

from django.db import connections, transaction
from orders.models import Order


def sync(pk):
    try:
        Order.objects.filter(pk=pk).update(note="seen")
    finally:
        connections.close_all()


def start():
    with transaction.atomic():
        order = Order.objects.create(name="a")
        Thread(target=sync, args=(order.pk,)).start()  # DJT201
