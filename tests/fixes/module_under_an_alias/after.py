from threading import Thread

import django.apps
import django.db as database

from .models import Order


def sync_orders():
    try:
        Order.objects.get(pk=1).push(django.apps)
    finally:
        database.connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
