from threading import Thread

from orders.models import Order


class Callable:
    """Something of the project's own."""


def push(order: Order) -> None:
    order.push()


def push_now(order: Order) -> None:
    push(order)
    Thread(target=push, args=(order,)).start()  # DJT001
