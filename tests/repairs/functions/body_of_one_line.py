from threading import Thread

from orders.models import Order


def sync(): return Order.objects.create(name="made").name


def start(): Thread(target=sync).start()  # DJT001
