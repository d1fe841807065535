from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        order = Order(name=name); order.save(); print(order.name)
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start(); print("started")  # DJT001
