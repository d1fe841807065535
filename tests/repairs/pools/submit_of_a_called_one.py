from concurrent.futures import ThreadPoolExecutor

from orders.models import Order

pool = ThreadPoolExecutor(2)


def sync(name, *, note):
    return Order.objects.create(name=name, note=note).name


def start():
    print(sync("here", note="x"))
    print(pool.submit(sync, "a", note="b").result())  # DJT101
