from threading import Thread

from django.db import connections as db_connections

from orders.models import Order


def sync(name):
    try:
        connections = [name]
        Order.objects.create(name=connections[0])
    finally:
        db_connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
