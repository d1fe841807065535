import concurrent.futures

from django.db import connections

from orders.models import Order


def sync(name, note):
    try:
        return Order.objects.create(name=name, note=note).name
    finally:
        connections.close_all()


def start():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        print(list(pool.map(sync, ["a", "b"], ["x", "y"])))  # DJT101
