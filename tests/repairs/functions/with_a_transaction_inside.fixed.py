from threading import Thread

from orders.models import Order


from django.db import connections, transaction


def sync():
    try:
        with transaction.atomic():
            Order.objects.create(name="one")
            Order.objects.create(name="two")
    finally:
        connections.close_all()


def start():
    Thread(target=sync).start()  # DJT001
