from threading import Thread

from orders.models import Order


from django.db import transaction


class Jobs:
    @transaction.atomic
    def sync(self, name):
        Order.objects.create(name=name)

    def start(self):
        Thread(target=self.sync, args=("a",)).start()  # DJT001
