import threading

from orders.models import Order


def expire(order_id):
    Order.objects.filter(pk=order_id).update(note="expired")


def start(order):
    threading.Timer(0.01, expire, [1]).start()  # DJT001
