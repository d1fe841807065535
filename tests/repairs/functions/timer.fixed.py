import threading

from django.db import connections

from orders.models import Order


def expire(order_id):
    try:
        Order.objects.filter(pk=order_id).update(note="expired")
    finally:
        connections.close_all()


def start(order):
    threading.Timer(0.01, expire, [1]).start()  # DJT001
