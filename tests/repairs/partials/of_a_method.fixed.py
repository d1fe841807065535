from functools import partial, wraps
from threading import Thread

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


class Jobs:
    def sync(self, name):
        Order.objects.create(name=name)

    def start(self):
        work = partial(self.sync, "a")
        Thread(target=closing_connections(work)).start()  # DJT001
