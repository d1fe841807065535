from threading import Thread

from django.db import connections
from django import test
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


class CountTest(test.TransactionTestCase):
    def test_count(self):
        Order.objects.create(name="a")
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()
