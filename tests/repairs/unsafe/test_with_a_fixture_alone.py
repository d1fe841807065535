from threading import Thread

from django.db import connections
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


def test_count(db):
    Order.objects.create(name="a")
    thread = Thread(target=count)  # DJT301
    thread.start()
    thread.join()
