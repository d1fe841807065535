from concurrent.futures import ThreadPoolExecutor
from functools import partial

from orders.models import Order


def start():
    order = Order.objects.get(pk=1)
    with ThreadPoolExecutor() as pool:
        print(pool.submit(partial(order.push, 1), 2).result())  # DJT101
