import functools
from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name, note="", place=""):
    Order.objects.create(name=f"{name} {note} {place}")


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start(now=True):
    sync("direct")
    if now:
        for name in ("a", "b"):
            thread = Thread(
                target=closing_connections(sync), args=(name,), kwargs={"note": "of some words", "place": "here"}
            )  # DJT001
            thread.start()  # the first
    late = Thread(  # DJT001
        target=closing_connections(sync), args=("c",), kwargs={"note": "of more words still"}
    )
    late.start()
