"""Collect."""

import os
from gevent import monkey

monkey.patch_all()

from threading import Thread

from orders.models import Order


def push(name):
    Order.objects.create(name=name)


def push_now(name):
    push(name)
    print(os.getpid())
    Thread(target=push, args=(name,)).start()  # DJT001
