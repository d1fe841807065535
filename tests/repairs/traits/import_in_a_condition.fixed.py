from threading import Thread

from django.db import connections as db_connections

from orders.models import Order

try:
    from django.db import connections
except ImportError:
    connections = None


def sync(name):
    try:
        Order.objects.create(name=name)
        print(connections is None)
    finally:
        db_connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
