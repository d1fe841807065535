from threading import Thread

import pytest
from django.db import connections
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_count():
    Order.objects.create(name="a")
    thread = Thread(target=count)  # DJT301
    thread.start()
    thread.join()
