from threading import Thread

from django.db import connections, transaction
from orders.models import Order


def sync(pk):
    try:
        Order.objects.filter(pk=pk).update(note="seen")
    finally:
        connections.close_all()


@transaction.atomic
def start():
    order = Order.objects.create(name="a")
    thread = Thread(target=sync, args=(order.pk,))  # DJT201
    thread.daemon = True
    thread.start()
