from threading import Thread

from django.db import IntegrityError as Twice
from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    except Twice:
        pass


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
