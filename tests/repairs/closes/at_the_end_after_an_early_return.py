from threading import Thread

from orders.models import Order


from django.db import connections


def sync(name):
    if not Order.objects.filter(name=name).exists():
        return
    Order.objects.create(name=name)
    connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT002
