import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections, transaction

from orders.models import Order


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


class Shop:
    @transaction.atomic()
    def sync(self, name):
        return Order.objects.create(name=name).name

    def sync_all(self):
        with ThreadPoolExecutor() as pool:
            return pool.submit(closing_connections(self.sync), "a").result()  # DJT101


def start():
    Shop().sync_all()
