from threading import Thread

from django.db import connections

from orders.models import Order


if Order:

    def sync(name):
        try:
            Order.objects.create(name=name)
        finally:
            connections.close_all()

else:

    def other(name):
        print(name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
