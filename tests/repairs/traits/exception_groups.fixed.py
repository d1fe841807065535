from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    except* ValueError as group:
        print(group)
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
