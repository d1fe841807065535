from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from django.db import connections as db_connections

from .models import Order

if TYPE_CHECKING:
    from django.db import connections


def sync_orders(given: connections):
    try:
        Order.objects.get(pk=1).push()
    finally:
        db_connections.close_all()


def start():
    Thread(target=sync_orders, args=([],)).start()  # DJT001 in-place sync_orders
