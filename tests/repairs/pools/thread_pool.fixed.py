from multiprocessing.pool import ThreadPool

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


def start():
    with ThreadPool(2) as pool:
        print(pool.map(sync, ["a", "b"]))  # DJT101
        print(pool.apply_async(sync, ("c",)).get())  # DJT101
