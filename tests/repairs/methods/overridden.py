from threading import Thread

from orders.models import Order


class Base:
    def sync(self):
        Order.objects.create(name="base")


class Jobs(Base):
    def sync(self):
        super().sync()
        Order.objects.create(name="jobs")

    def start(self):
        Thread(target=self.sync).start()  # DJT001
