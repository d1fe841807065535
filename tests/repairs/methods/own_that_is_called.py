from threading import Thread

from orders.models import Order


class Jobs:
    def sync(self, name):
        Order.objects.create(name=name)

    def start(self):
        self.sync("here")
        Thread(target=self.sync, args=("there",)).start()  # DJT001
