from threading import Thread

from django import db

from orders.models import Order


def sync_orders():
    try:
        Order.objects.get(pk=1).push()
    finally:
        db.connections.close_all()


def start():
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
