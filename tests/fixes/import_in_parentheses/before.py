from threading import Thread

from django.db import (
    models,
    transaction,
)

from .models import Order


def sync_orders():
    with transaction.atomic():
        Order.objects.get(pk=1, kind=models).push()


def start():
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
