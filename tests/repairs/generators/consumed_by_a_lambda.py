from threading import Thread

from orders.models import Order


def orders():
    yield from Order.objects.filter(pk__lte=2).order_by("pk").values_list("name", flat=True)


def start():
    Thread(target=lambda: print(list(orders()))).start()  # DJT001
