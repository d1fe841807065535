"""Views."""
from collections.abc import Callable
from functools import partial, wraps
from threading import Thread
from typing import Any

from django.db import connections
from orders.models import Order


def closing_connections(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function, then close its thread's database connections."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start(order: Order):
    Thread(target=closing_connections(partial(order.push, now=True))).start()  # DJT001 boundary
    Thread(target=closing_connections(partial(order.pull, now=True))).start()  # DJT001 boundary
    return wraps
