from threading import Thread

from django.db import transaction
from orders.models import Order


def background(function):
    def inner(*args, **kwargs):
        Thread(target=function, args=args, kwargs=kwargs).start()

    return inner


@background  # DJT001
@transaction.atomic
def sync(name):
    Order.objects.create(name=name)


def start():
    sync("a")
