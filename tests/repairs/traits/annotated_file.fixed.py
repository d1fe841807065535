import functools
from collections.abc import Callable
from threading import Thread
from typing import Any

from django.db import connections

from orders.models import Order


def push(order: Order, times: int = 1) -> None:
    for _ in range(times):
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
