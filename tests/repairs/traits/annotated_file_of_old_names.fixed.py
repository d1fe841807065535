import functools
import typing as t
from threading import Thread
from typing import Callable

from django.db import connections

from orders.models import Order


def call(function: Callable[[], t.Any]) -> t.Any:
    return function()


def push(order: Order) -> None:
    order.push()


def closing_connections(function: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args: t.Any, **kwargs: t.Any) -> t.Any:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def push_now(order: Order) -> None:
    push(order)
    Thread(target=closing_connections(push), args=(order,)).start()  # DJT001
