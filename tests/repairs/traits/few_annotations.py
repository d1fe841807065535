from threading import Thread

from orders.models import Order


def name_of(order: Order) -> str:
    return order.name


def push(name):
    Order.objects.create(name=name)


def push_now(name):
    push(name)
    Thread(target=push, args=(name,)).start()  # DJT001
