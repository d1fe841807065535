import threading

from django.db import connections as db_connections
from orders.models import Order

connections = []


def notify():
    try:
        connections.append(Order.objects.count())
    finally:
        db_connections.close_all()


def start():
    threading.Thread(target=notify).start()  # DJT001 in-place notify
