from threading import Thread

from orders.models import Order


def sync(name):  # noqa: C901
    # fmt: off
    matrix = [1, 0,
              0, 1]
    # fmt: on
    Order.objects.create(name=name, note=str(matrix))  # type: ignore[misc]  # noqa: E501


def start():
    Thread(target=sync, args=("a",)).start()  # noqa: S101  # DJT001
