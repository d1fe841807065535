from threading import Thread

from orders.models import Order


from django.db import connection


def sync(name):
    Order.objects.create(name=name)
    if not connection.in_atomic_block:
        connection.close()


def start():
    sync("here")
    Thread(target=sync, args=("a",)).start()  # DJT002
