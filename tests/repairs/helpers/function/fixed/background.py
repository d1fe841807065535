import functools
from threading import Thread

from django.db import connections


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def run_in_background(function, *args):
    Thread(target=closing_connections(function), args=args, daemon=True).start()
