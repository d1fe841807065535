from threading import Thread

from orders.models import Order


class Jobs:
    name = "made"

    @classmethod
    def sync(cls):
        """Create."""
        Order.objects.create(name=cls.name)

    @classmethod
    def start(cls):
        Thread(target=cls.sync).start()  # DJT001
