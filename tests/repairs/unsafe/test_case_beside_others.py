from threading import Thread

from django.db import connections
from django.test import TestCase
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


class CountTest(TestCase):
    def test_count(self):
        Order.objects.create(name="a")
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()


class OtherTest(TestCase):
    def test_nothing(self):
        pass
