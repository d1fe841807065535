from threading import Thread

from orders.models import Order


from django.db import connection


def sync(name):
    if Order.objects.filter(name=name).exists():
        connection.close()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT002
