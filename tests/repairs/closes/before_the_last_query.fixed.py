from threading import Thread

from orders.models import Order


from django.db import connection, connections


def sync(name):
    try:
        Order.objects.create(name=name)
        connection.close()
        print(Order.objects.count())
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT003
