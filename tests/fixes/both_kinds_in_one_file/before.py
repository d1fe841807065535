from threading import Thread

from orders.models import Order


def only_spawned():
    Order.objects.get(pk=1).push()
    Thread(target=shared).start()  # DJT001 boundary shared


def shared():
    Order.objects.get(pk=2).push()


def start():
    shared()
    Thread(target=only_spawned).start()  # DJT001 in-place only_spawned
