from threading import Thread

from django.db import connection, connections

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
        Order.objects.using("archive").create(name=f"archived {name}")
    finally:
        print(connection.alias)
        connections["archive"].close()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT007
