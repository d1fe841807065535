from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from orders.models import Order


class Shop:
    @transaction.atomic()
    def sync(self, name):
        return Order.objects.create(name=name).name

    def sync_all(self):
        with ThreadPoolExecutor() as pool:
            return pool.submit(self.sync, "a").result()  # DJT101


def start():
    Shop().sync_all()
