from multiprocessing.pool import ThreadPool

from orders.models import Order


def sync(name):
    return Order.objects.create(name=name).name


def start():
    with ThreadPool(2) as pool:
        print(pool.map(sync, ["a", "b"]))  # DJT101
        print(pool.apply_async(sync, ("c",)).get())  # DJT101
