from threading import Thread

from orders.models import Order


def push(order: Order, times: int = 1) -> None:
    for _ in range(times):
        order.push()


def push_now(order: Order) -> None:
    push(order)
    Thread(target=push, args=(order,)).start()  # DJT001
