from threading import Thread

from django.db import connections
from django.db.models import *
from orders.models import Order


def sync(name):
    try:
        print(Order.objects.filter(Q(name=name)).exists())
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
