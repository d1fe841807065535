from collections.abc import Callable
from functools import wraps
from threading import Thread
from typing import Any

from django.db import connections
from orders.models import Order


def closed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function, then close its thread's database connections."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def push(order: Order) -> None:
    order.push()


def push_now(order: Order) -> None:
    push(order)
    Thread(target=closed(push), args=(order,)).start()  # DJT001
