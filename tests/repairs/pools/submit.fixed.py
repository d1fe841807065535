from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


def start():
    with ThreadPoolExecutor(2) as pool:
        print(pool.submit(sync, "a").result())  # DJT101
