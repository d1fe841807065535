from background import run_in_background
from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def count():
    print(Order.objects.filter(pk=1).count())


def start():
    run_in_background(sync, "a")  # DJT001
    run_in_background(count)  # DJT001
