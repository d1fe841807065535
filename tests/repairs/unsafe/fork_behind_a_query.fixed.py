from multiprocessing import Process

from django.db import connections

from orders.models import Order


def archive(pk):
    Order.objects.filter(pk=pk).update(note="archived")


def archive_first():
    order = Order.objects.first()

    # one process for all of it
    process = Process(target=archive, args=[order.pk])
    connections.close_all()
    process.start()  # DJT502
    process.join()
