import functools
from threading import Thread

from orders.models import Order


def logged(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        print("begins")
        return function(*args, **kwargs)

    return inner


@logged
def sync(name):
    Order.objects.create(name=name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
