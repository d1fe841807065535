from __future__ import annotations

import functools
from threading import Thread
from typing import TYPE_CHECKING, Any

from django.db import connections

from orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Callable


def call(function: Callable[[], Any]) -> Any:
    return function()


def push(order: Order) -> None:
    order.push()


def closing_connections(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def push_now(order: Order) -> None:
    push(order)
    Thread(target=closing_connections(push), args=(order,)).start()  # DJT001
