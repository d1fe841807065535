from threading import Thread

from orders.models import Order


from django.db import connection


def sync(name):
    Order.objects.create(name=name)
    connection.close()
    print(Order.objects.count())


def start():
    Thread(target=sync, args=("a",)).start()  # DJT003
