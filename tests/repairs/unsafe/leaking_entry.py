from threading import Thread

from django.db import transaction
from orders.models import Order


def sync(name):
    Order.objects.filter(name=name).update(note="seen")


def start():
    sync("b")
    with transaction.atomic():
        Order.objects.create(name="a")
        Thread(target=sync, args=("a",)).start()  # DJT001 # DJT201
