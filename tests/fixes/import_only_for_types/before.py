from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from .models import Order

if TYPE_CHECKING:
    from django.db import connections


def sync_orders(given: connections):
    Order.objects.get(pk=1).push()


def start():
    Thread(target=sync_orders, args=([],)).start()  # DJT001 in-place sync_orders
