from threading import Thread

from django.db import IntegrityError as Twice
from django.db import connections
from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    except Twice:
        pass
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
