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
    # left: what the start gives is used at once
    job = POOL.submit(sync, order.pk)  # DJT201
    return job
