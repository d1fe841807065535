import functools as _functools
from collections.abc import Callable
from threading import Thread
from typing import Any

from django.db import connection
from orders.models import Order


functools = None


def closing_connections(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run the function, then close its thread's database connections."""

    @_functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return run


def start(order: Order):
    Thread(target=closing_connections(order.push)).start()  # DJT001 boundary one-database
