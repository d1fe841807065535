from threading import Thread

from orders.models import Order


from django.db import transaction


class Worker(Thread):
    # left: a decorator stands around the entry, and no argument stands here that could be wrapped
    @transaction.atomic
    def run(self):  # DJT001
        Order.objects.create(name="a")
