from threading import Thread

import pytest
from django.db import connections
from orders.models import Order


def count():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.django_db(databases=["default"], transaction=True)
def test_count(number):
    Order.objects.create(name="a")
    thread = Thread(target=count)  # DJT301
    thread.start()
    thread.join()
