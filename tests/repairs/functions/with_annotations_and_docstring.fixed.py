from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name: str, *, note: str = "") -> str:
    """Create an order.

    It has a name.
    """

    try:
        return Order.objects.create(name=name, note=note).name
    finally:
        connections.close_all()


def start() -> None:
    Thread(target=sync, args=("a",), kwargs={"note": "b"}).start()  # DJT001
