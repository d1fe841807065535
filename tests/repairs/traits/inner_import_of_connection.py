from threading import Thread

from orders.models import Order


def sync(name):
    from django.db import connections

    print(len(list(connections)))
    Order.objects.create(name=name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
