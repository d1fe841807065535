from threading import Thread

from orders.models import Order


def sync(name: str, *, note: str = "") -> str:
    """Create an order.

    It has a name.
    """

    return Order.objects.create(name=name, note=note).name


def start() -> None:
    Thread(target=sync, args=("a",), kwargs={"note": "b"}).start()  # DJT001
