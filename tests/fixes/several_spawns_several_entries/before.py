from threading import Thread

from orders.models import Order


class Jobs:
    def one(self):
        """Do.""" "It."
        Order.objects.get(pk=1).push()

    @classmethod
    def two(cls):
        if cls:
            return
        Order.objects.get(pk=2).push()

    def start(self):
        Thread(target=self.one).start()  # DJT001 in-place Jobs.one
        Thread(target=self.two).start()  # DJT003 in-place Jobs.two one-database
