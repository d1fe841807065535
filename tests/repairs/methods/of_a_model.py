from threading import Thread

from orders.models import Order


def start(order):
    first = Order.objects.get(pk=1)
    Thread(target=first.push, args=(1, 2), kwargs={"now": True}).start()  # DJT001
