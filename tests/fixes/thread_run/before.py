import threading

from django.db import transaction

from orders.models import Order


class Worker(threading.Thread):
    daemon = True

    def run(self):  # DJT001 in-place Worker.run
        with transaction.atomic():
            Order.objects.create()
        return None
        # never reached
    # end of Worker
