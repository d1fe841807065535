from threading import Thread

from django.db import connections as db_connections

from orders.models import Order


def sync(name):
    try:
        print([connections for connections in (1, 2)])
        Order.objects.create(name=name)
    finally:
        db_connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
