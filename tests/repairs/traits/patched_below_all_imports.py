from threading import Thread

import eventlet
from orders.models import Order

eventlet.monkey_patch()


def push(name):
    Order.objects.create(name=name)


def push_now():
    Thread(target=push, args=("a",)).start()  # DJT001
