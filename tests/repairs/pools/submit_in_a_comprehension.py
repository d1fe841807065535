from concurrent.futures import ThreadPoolExecutor, as_completed

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


def start():
    with ThreadPoolExecutor(2) as pool:
        futures = {pool.submit(sync, name): name for name in "abc"}  # DJT101
        for future in as_completed(futures):
            print(futures[future], future.result())
