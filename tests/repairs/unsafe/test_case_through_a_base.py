from threading import Thread

from django.db import connections
from django.test import TestCase
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


class Base(TestCase):
    pass


class CountTest(Base):
    def test_count(self):
        # left: a base class that is written elsewhere makes it a TestCase
        Order.objects.create(name="a")
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()
