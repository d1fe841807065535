from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        if not Order.objects.filter(name=name).exists():
            return None
        for order in Order.objects.filter(name=name):
            if order.note:
                break
        else:
            return 0
        return 1
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("first",)).start()  # DJT001
