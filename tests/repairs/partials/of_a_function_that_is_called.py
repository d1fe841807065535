import functools
from threading import Thread

from orders.models import Order


def sync(name, note=""):
    Order.objects.create(name=name, note=note)


def start():
    sync("here")
    Thread(target=functools.partial(sync, note="b"), args=("a",)).start()  # DJT001
