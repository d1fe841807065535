from threading import Thread

from orders.models import Order


class Counted(Thread):
    def run(self):  # DJT001
        super().run()
        print(Order.objects.count())


def sync():
    print("made")


def start():
    Counted(target=sync).start()
