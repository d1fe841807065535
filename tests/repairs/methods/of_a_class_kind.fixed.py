from threading import Thread

from django.db import connections

from orders.models import Order


class Jobs:
    name = "made"

    @classmethod
    def sync(cls):
        """Create."""
        try:
            Order.objects.create(name=cls.name)
        finally:
            connections.close_all()

    @classmethod
    def start(cls):
        Thread(target=cls.sync).start()  # DJT001
