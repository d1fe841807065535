from threading import Thread

from orders.models import Order


class Jobs:
    @staticmethod
    def sync(name):
        Order.objects.create(name=name)

    def start(self):
        Thread(target=self.sync, args=("made",)).start()  # DJT001
