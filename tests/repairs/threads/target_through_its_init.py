from threading import Thread

from orders.models import Order


class Job(Thread):
    def __init__(self, function, name):
        super().__init__(name=name, target=function, args=(name,))


def sync(name):
    Order.objects.create(name=name)


def start():
    Job(sync, "a").start()  # DJT001
    Job(sync, "b").start()  # DJT001
