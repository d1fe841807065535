from threading import Thread

from orders.models import Order


class Outer:
    class Inner:
        @staticmethod
        def sync(name):
            Order.objects.create(name=name)

    def start(self):
        Thread(target=self.Inner.sync, args=("a",)).start()  # DJT001
