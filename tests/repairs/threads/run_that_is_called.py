from threading import Thread

from orders.models import Order


class Worker(Thread):
    # left: the entry is not only spawned, and no argument stands here that could be wrapped
    def run(self):  # DJT001
        Order.objects.create(name="work")


def start():
    Worker().run()
    Worker().start()
