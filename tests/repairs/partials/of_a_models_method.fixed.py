from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps

from django.db import connections

from orders.models import Order


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start():
    order = Order.objects.get(pk=1)
    with ThreadPoolExecutor() as pool:
        print(pool.submit(closing_connections(partial(order.push, 1)), 2).result())  # DJT101
