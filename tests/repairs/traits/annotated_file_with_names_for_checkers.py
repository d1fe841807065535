from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

from orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Callable


def call(function: Callable[[], Any]) -> Any:
    return function()


def push(order: Order) -> None:
    order.push()


def push_now(order: Order) -> None:
    push(order)
    Thread(target=push, args=(order,)).start()  # DJT001
