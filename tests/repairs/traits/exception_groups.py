from threading import Thread

from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
    except* ValueError as group:
        print(group)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
