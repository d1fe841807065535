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
    for name in "ab":
        order = Order.objects.create(name=name)
        thread = Thread(target=sync, args=(order.pk,))  # DJT201
        transaction.on_commit(thread.start)
