"""Jobs."""

from django.db import connections


class Jobs:
    def sync(self, Order):
        try:
            Order.objects.get(pk=1).push()
        finally:
            connections.close_all()

    def start(self, Thread, Order):
        Thread(target=self.sync, args=(Order,)).start()  # DJT001 in-place Jobs.sync
