from threading import Thread

from orders.models import Order


from django.db import transaction


def sync():
    with transaction.atomic():
        Order.objects.create(name="one")
        Order.objects.create(name="two")


def start():
    Thread(target=sync).start()  # DJT001
