from threading import Thread

from django.db.models import *
from orders.models import Order


def sync(name):
    print(Order.objects.filter(Q(name=name)).exists())


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
