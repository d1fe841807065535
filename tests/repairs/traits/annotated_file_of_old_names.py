import typing as t
from threading import Thread
from typing import Callable

from orders.models import Order


def call(function: Callable[[], t.Any]) -> t.Any:
    return function()


def push(order: Order) -> None:
    order.push()


def push_now(order: Order) -> None:
    push(order)
    Thread(target=push, args=(order,)).start()  # DJT001
