from concurrent.futures import ThreadPoolExecutor

from orders.models import Order


class Jobs:
    def __init__(self):
        self.pool = ThreadPoolExecutor(max_workers=1)

    def sync(self, name):
        return Order.objects.create(name=name).name

    def start(self):
        print(self.pool.submit(self.sync, "a").result())  # DJT101
