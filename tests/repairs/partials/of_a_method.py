from functools import partial
from threading import Thread

from orders.models import Order


class Jobs:
    def sync(self, name):
        Order.objects.create(name=name)

    def start(self):
        work = partial(self.sync, "a")
        Thread(target=work).start()  # DJT001
