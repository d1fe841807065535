from threading import Thread

from orders.models import Order


def sync(name):
    # before everything

    # and before this
    Order.objects.create(name=name)
    # behind everything

    # and far behind


# of the module
def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
    # behind the start
