from threading import Thread

from orders.models import Order


from django.db import close_old_connections


def sync(name):
    Order.objects.create(name=name)
    close_old_connections()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT002
