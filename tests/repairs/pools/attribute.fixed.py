from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from orders.models import Order


class Jobs:
    def __init__(self):
        self.pool = ThreadPoolExecutor(max_workers=1)

    def sync(self, name):
        try:
            return Order.objects.create(name=name).name
        finally:
            connections.close_all()

    def start(self):
        print(self.pool.submit(self.sync, "a").result())  # DJT101
