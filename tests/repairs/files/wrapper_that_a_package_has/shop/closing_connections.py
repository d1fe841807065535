from functools import wraps

from django.db import connections


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run
