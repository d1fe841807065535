from threading import Thread

from orders.models import Order


from django.db import connection


def sync(name):
    try:
        Order.objects.create(name=name)
    finally:
        connection.close()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT002
