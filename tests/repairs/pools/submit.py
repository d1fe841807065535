from concurrent.futures import ThreadPoolExecutor

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


def start():
    with ThreadPoolExecutor(2) as pool:
        print(pool.submit(sync, "a").result())  # DJT101
