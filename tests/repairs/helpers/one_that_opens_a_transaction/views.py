from background import run_in_background
from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start():
    run_in_background(sync, "a")  # DJT001
