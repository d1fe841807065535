import functools
from threading import Thread

from django.db import connections

import jobs


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
    Thread(target=closing_connections(jobs.sync), args=("a",)).start()  # DJT001
