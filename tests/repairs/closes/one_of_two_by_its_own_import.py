from threading import Thread

from django.db import connection, connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.using("archive").create(name=name)
        Order.objects.create(name=name)
    finally:
        connection.close()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT007
    print(list(connections))
