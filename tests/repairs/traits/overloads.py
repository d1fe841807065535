from threading import Thread

from orders.models import Order


from typing import overload


@overload
def sync(name: str) -> str: ...
@overload
def sync(name: int) -> int: ...
def sync(name):
    return Order.objects.create(name=str(name)).name


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
