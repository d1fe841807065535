from threading import Thread

from orders.models import Order


def sync(name):
    from django.db import connections

    try:
        print(len(list(connections)))
        Order.objects.create(name=name)
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
