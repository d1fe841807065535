from threading import Thread

from orders.models import Order


def sync(
    name,
    *,
    note="",  # what for
):
    Order.objects.create(name=name, note=note)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
