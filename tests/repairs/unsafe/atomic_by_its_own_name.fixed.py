import functools
from threading import Thread

from django.db import transaction
from django.db.transaction import atomic
from orders.models import Order


def closing(function):
    from django.db import connections

    @functools.wraps(function)
    def run(*args):
        try:
            return function(*args)
        finally:
            connections.close_all()

    return run


@closing
def sync(name):
    Order.objects.filter(name=name).update(note="seen")


def start():
    with atomic():
        Order.objects.create(name="a")
        transaction.on_commit(Thread(target=sync, args=("a",)).start)  # DJT201
