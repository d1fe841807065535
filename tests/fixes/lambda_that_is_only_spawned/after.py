import functools
from threading import Thread

from django.db import connections
from orders.models import Order


work = lambda: Order.objects.create()


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


Thread(target=closing_connections(work)).start()  # DJT001 in-place <lambda>


def view(request):
    return Order
