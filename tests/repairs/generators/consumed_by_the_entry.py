from threading import Thread

from orders.models import Order


def orders():
    for order in Order.objects.filter(pk__lte=2).order_by("pk"):
        yield order.name


def sync():
    for name in orders():
        print(name)


def start():
    Thread(target=sync).start()  # DJT001
