from threading import Thread

from orders.models import Order


from typing import overload

from django.db import connections


@overload
def sync(name: str) -> str: ...
@overload
def sync(name: int) -> int: ...
def sync(name):
    try:
        return Order.objects.create(name=str(name)).name
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
