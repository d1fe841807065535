from threading import Thread

from orders.models import Order

try:
    from django.db import connections
except ImportError:
    connections = None


def sync(name):
    Order.objects.create(name=name)
    print(connections is None)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
