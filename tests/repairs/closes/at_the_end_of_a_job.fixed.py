from concurrent.futures import ThreadPoolExecutor

from django.db import connection
from orders.models import Order


def sync(name):
    try:
        order = Order.objects.create(name=name)
    finally:
        connection.close()


def start():
    with ThreadPoolExecutor() as pool:
        pool.submit(sync, "a")  # DJT002
