from threading import Thread

from orders.models import Order


class Jobs:
    connections = 3

    def sync(self, name):
        Order.objects.create(name=name, note=str(self.connections))

    def start(self):
        Thread(target=self.sync, args=("a",)).start()  # DJT001
