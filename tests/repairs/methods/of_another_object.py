from threading import Thread

from orders.models import Order


class Jobs:
    def sync(self):
        Order.objects.create(name="made")


def start():
    jobs = Jobs()
    Thread(target=jobs.sync).start()  # DJT001
