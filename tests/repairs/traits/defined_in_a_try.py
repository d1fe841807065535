from threading import Thread

from orders.models import Order


try:
    import something_fast
except ImportError:

    def sync(name):
        Order.objects.create(name=name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
