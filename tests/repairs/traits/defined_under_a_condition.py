from threading import Thread

from orders.models import Order


if Order:

    def sync(name):
        Order.objects.create(name=name)

else:

    def other(name):
        print(name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
