from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    sync("b")
    Thread(  # DJT001
        target=(
            # in the background
            sync
        ),
        args=("a",),
    ).start()
