from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from django.db import connections

from orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Sequence


def sync(names: Sequence[str]) -> None:
    try:
        for name in names:
            Order.objects.create(name=name)
    finally:
        connections.close_all()


def start() -> None:
    Thread(target=sync, args=(["a", "b"],)).start()  # DJT001
