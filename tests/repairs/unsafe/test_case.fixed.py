from threading import Thread

from django.db import connections
from django.test import Client, TransactionTestCase
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


class CountTest(TransactionTestCase):
    def test_count(self):
        Client().get("/")
        Order.objects.create(name="a")
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()

    def test_twice(self):
        Order.objects.create(name="a")
        thread = Thread(target=count)  # DJT301
        thread.start()
        thread.join()
