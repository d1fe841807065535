#!/usr/bin/env python
"""A script."""
import os
from threading import Thread

os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django

django.setup()
from orders.models import Order  # noqa: E402


def sync_orders():
    Order.objects.get(pk=1).push()


if os.environ:
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
