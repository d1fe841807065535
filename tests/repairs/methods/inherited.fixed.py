from threading import Thread

from django.db import connections

from orders.models import Order


class Base:
    def sync(self):
        try:
            Order.objects.create(name="base")
        finally:
            connections.close_all()


class Jobs(Base):
    def start(self):
        Thread(target=self.sync).start()  # DJT001
