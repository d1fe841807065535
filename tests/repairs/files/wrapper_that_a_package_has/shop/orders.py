import threading

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    sync("b")
    threading.Thread(target=sync, args=("a",)).start()  # DJT001
