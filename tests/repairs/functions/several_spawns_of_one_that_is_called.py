from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    sync("here")
    Thread(target=sync, args=("1",)).start()  # DJT001
    Thread(target=sync, args=("2",)).start()  # DJT001


def start_more():
    Thread(target=sync, args=("3",)).start()  # DJT001
