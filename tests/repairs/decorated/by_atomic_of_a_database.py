from threading import Thread

from django.db import transaction

from orders.models import Order


@transaction.atomic(using="archive")
def sync(name):
    Order.objects.using("archive").create(name=name)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
