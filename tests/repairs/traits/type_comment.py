from threading import Thread

from orders.models import Order


def sync(name):
    # type: (str) -> None
    order = Order.objects.create(name=name)  # type: Order
    order.push()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
