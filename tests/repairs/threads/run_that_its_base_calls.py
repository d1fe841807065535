from threading import Thread

from orders.models import Order


class Task(Thread):
    in_thread = True

    def start(self):
        if self.in_thread:
            super().start()
        else:
            self.run()


class Sync(Task):
    def run(self):  # DJT001
        Order.objects.create(name="a")


def start():
    Sync().start()


# left: the entry is not only spawned, and no argument stands here that could be wrapped
