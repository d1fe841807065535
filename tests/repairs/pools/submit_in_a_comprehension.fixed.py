from concurrent.futures import ThreadPoolExecutor, as_completed

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        return Order.objects.create(name=name).name
    finally:
        connections.close_all()


def start():
    with ThreadPoolExecutor(2) as pool:
        futures = {pool.submit(sync, name): name for name in "abc"}  # DJT101
        for future in as_completed(futures):
            print(futures[future], future.result())
