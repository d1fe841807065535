import concurrent.futures

from orders.models import Order


def sync(name, note):
    return Order.objects.create(name=name, note=note).name


def start():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        print(list(pool.map(sync, ["a", "b"], ["x", "y"])))  # DJT101
