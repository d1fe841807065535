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
    @classmethod
    def setUpTestData(cls):
        Order.objects.create(name="a")

    def test_count(self):
        # left: its setUpTestData is only called for a TestCase
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()
