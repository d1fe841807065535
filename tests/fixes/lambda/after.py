import functools
from threading import Thread

from django.db import connections, models, transaction

from .models import Order


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


class View:
    def get(self, request):
        Thread(
            target=closing_connections(lambda: Order.objects.create(  # kept
                user=request.user
            )),
            daemon=True,
        ).start()  # DJT001 boundary
        return models, functools, transaction
