from threading import Thread

from orders.models import Order


def sync():
    Order.objects.create(name="made")


JOBS = {"first": sync}


def start():
    Thread(target=JOBS["first"]).start()  # DJT001
