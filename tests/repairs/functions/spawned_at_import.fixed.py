from threading import Thread

from django.db import connections

from orders.models import Order


def sync():
    try:
        Order.objects.create(name="made")
    finally:
        connections.close_all()


Thread(target=sync).start()  # DJT001 # DJT401
