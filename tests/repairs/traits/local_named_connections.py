from threading import Thread

from orders.models import Order


def sync(name):
    connections = [name]
    Order.objects.create(name=connections[0])


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
