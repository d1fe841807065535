from threading import Thread

from orders.models import Order


class Jobs:
    @staticmethod
    def sync(name):
        return Order.objects.create(name=name).name


def start():
    print(Jobs.sync("here"))
    Thread(target=Jobs.sync, args=("there",)).start()  # DJT001
