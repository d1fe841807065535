from threading import Thread

from orders.models import Order


def sync():
    Order.objects.create(name="made")


def start():
    Thread(target=sync, daemon=True).start()  # DJT001
