from threading import Thread

from orders.models import Order


def sync(name):
    print([connections for connections in (1, 2)])
    Order.objects.create(name=name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
