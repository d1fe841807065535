from threading import Thread

from orders.models import Order


def sync(name, times):
    Order.objects.create(name=name * times)


def start():
    sync("direct", 1)
    Thread(target=sync, args=("there",), kwargs={"times": 2}).start()  # noqa: S101 # DJT001
