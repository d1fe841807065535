import functools
from threading import Thread

from django.db import connections
from orders.models import Order


def sync_orders(ids):
    Order.objects.filter(pk__in=ids).update(pushed=True)


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


# The view of the shop.
def view(request):
    sync_orders([1])
    Thread(target=closing_connections(sync_orders), args=([1],)).start()  # DJT001 boundary sync_orders
