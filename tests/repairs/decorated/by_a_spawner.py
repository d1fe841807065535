import functools
from threading import Thread

from orders.models import Order


def background(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        Thread(target=function, args=args, kwargs=kwargs).start()

    return inner


@background  # DJT001
def sync(name):
    Order.objects.create(name=name)


def start():
    sync("a")
