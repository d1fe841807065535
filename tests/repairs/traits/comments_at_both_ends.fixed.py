from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        # before everything

        # and before this
        Order.objects.create(name=name)
        # behind everything

        # and far behind
    finally:
        connections.close_all()


# of the module
def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
    # behind the start
