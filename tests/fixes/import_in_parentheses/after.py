from threading import Thread

from django.db import (
    models,
    transaction,
)
from django.db import connections

from .models import Order


def sync_orders():
    try:
        with transaction.atomic():
            Order.objects.get(pk=1, kind=models).push()
    finally:
        connections.close_all()


def start():
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
