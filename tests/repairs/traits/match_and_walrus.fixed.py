from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        match name:
            case "a" if (order := Order.objects.filter(name="first").first()):
                order.push()
            case _:
                return
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
