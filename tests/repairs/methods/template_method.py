from threading import Thread

from orders.models import Order


class Base:
    def sync(self):
        print(self.rows())

    def rows(self):
        return 0

    def start(self):
        Thread(target=self.sync).start()


class Jobs(Base):
    def rows(self):
        return Order.objects.count()


def start():
    jobs = Jobs()
    Thread(target=jobs.sync).start()  # DJT001
