#!/usr/bin/env python
"""A script."""
import os
from threading import Thread

from django.db import connections

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django

django.setup()
from orders.models import Order  # noqa: E402


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    finally:
        connections.close_all()


if os.environ:
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
