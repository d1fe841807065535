from concurrent.futures import ThreadPoolExecutor

from orders.models import Order


def start():
    with ThreadPoolExecutor() as pool:
        print(sorted(pool.map(lambda name: Order.objects.create(name=name).name, ["a", "b"])))  # DJT101
