from threading import Thread

from orders.models import Order


class Jobs:
    def __sync(self):
        Order.objects.create(name="made")

    def start(self):
        Thread(target=self.__sync).start()  # DJT001
