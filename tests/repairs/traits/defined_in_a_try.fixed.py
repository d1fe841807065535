from threading import Thread

from django.db import connections

from orders.models import Order


try:
    import something_fast
except ImportError:

    def sync(name):
        try:
            Order.objects.create(name=name)
        finally:
            connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
