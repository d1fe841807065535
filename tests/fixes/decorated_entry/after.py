import functools
from threading import Thread

from django.db import connections
from orders.models import Order


def logged(function):
    return function


@logged  # why
# and more
def sync_orders():
    # nothing but this
    Order.objects.get(pk=1).push()


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


Thread(target=closing_connections(sync_orders)).start()  # DJT001 in-place sync_orders
