import functools
from threading import Thread

from django.db import connections

from jobs import only_spawned, shared


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
    shared("here")
    Thread(target=only_spawned, args=("a",)).start()  # DJT001
    Thread(target=closing_connections(shared), args=("b",)).start()  # DJT001
