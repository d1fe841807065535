from threading import Thread

from orders.models import Order


class Jobs:
    @staticmethod
    def sync(): Order.objects.get(pk=1).push()  # one line

    def start(self):
        Thread(target=Jobs.sync).start()  # DJT001 in-place Jobs.sync
