from functools import partial
from threading import Thread

from orders.models import Order


def sync(name, note=""):
    Order.objects.create(name=name, note=note)


def start():
    Thread(target=partial(sync, "a", note="b")).start()  # DJT001
