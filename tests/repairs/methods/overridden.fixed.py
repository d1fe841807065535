import functools
from threading import Thread

from django.db import connections

from orders.models import Order


class Base:
    def sync(self):
        Order.objects.create(name="base")


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


class Jobs(Base):
    def sync(self):
        super().sync()
        Order.objects.create(name="jobs")

    def start(self):
        Thread(target=closing_connections(self.sync)).start()  # DJT001
