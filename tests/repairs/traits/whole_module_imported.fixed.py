import django.db
from threading import Thread

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
        print(django.db.connection.vendor)
    finally:
        django.db.connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
