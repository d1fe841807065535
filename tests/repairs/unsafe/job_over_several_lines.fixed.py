import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections, transaction
from orders.models import Order

POOL = ThreadPoolExecutor()


def sync(pk, note="seen"):
    try:
        Order.objects.filter(pk=pk).update(note=note)
    finally:
        connections.close_all()


@transaction.atomic
def start():
    order = Order.objects.create(name="a")
    transaction.on_commit(functools.partial(  # DJT201
        POOL.submit,
        sync,
        order.pk,  # the new one
        note="late",
    ))
