from threading import Thread

from orders.models import Order


def sync(name, *, times=1):
    return [Order.objects.create(name=name).name for _ in range(times)]


def start():
    sync("here")
    Thread(target=sync, args=("there",), kwargs={"times": 2}).start()  # DJT001
