import functools
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from orders.service import service


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


with ThreadPoolExecutor() as pool:
    for row in [1, 2]:
        pool.submit(closing_connections(service.push), row)  # DJT101 boundary
