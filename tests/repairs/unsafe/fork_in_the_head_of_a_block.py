from multiprocessing import Pool

from orders.models import Order


def archive(pk):
    Order.objects.filter(pk=pk).update(note="archived")


def archive_all():
    pks = list(Order.objects.values_list("pk", flat=True))
    # left: the process is made in the head of a statement
    with Pool() as pool:  # DJT502
        pool.map(archive, pks)
