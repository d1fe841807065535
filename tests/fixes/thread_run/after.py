import threading

from django.db import connections, transaction

from orders.models import Order


class Worker(threading.Thread):
    daemon = True

    def run(self):  # DJT001 in-place Worker.run
        try:
            with transaction.atomic():
                Order.objects.create()
            return None
            # never reached
        finally:
            connections.close_all()
    # end of Worker
