from concurrent.futures import ThreadPoolExecutor

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


def start():
    return sync("b")


POOL = ThreadPoolExecutor()
FIRST = "a"
POOL.submit(sync, FIRST).result()  # DJT101 # DJT401
