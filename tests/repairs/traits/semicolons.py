from threading import Thread

from orders.models import Order


def sync(name): order = Order(name=name); order.save(); print(order.name)


def start():
    Thread(target=sync, args=("a",)).start(); print("started")  # DJT001
