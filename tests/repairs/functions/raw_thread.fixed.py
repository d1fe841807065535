import _thread
import functools

from django.db import connections

from orders.models import Order


def expire(order_id):
    return Order.objects.filter(pk=order_id).count()


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start():
    expire(2)
    _thread.start_new_thread(closing_connections(expire), (1,))  # DJT001
