import django.db
from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)
    print(django.db.connection.vendor)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
