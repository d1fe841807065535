from threading import Thread

from orders.models import Order


def sync(name):
    if not Order.objects.filter(name=name).exists():
        return None
    for order in Order.objects.filter(name=name):
        if order.note:
            break
    else:
        return 0
    return 1


def start():
    Thread(target=sync, args=("first",)).start()  # DJT001
