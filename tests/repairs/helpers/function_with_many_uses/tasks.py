from background import run_in_background
from orders.models import Order


def start():
    run_in_background(lambda: Order.objects.create(name="b"))  # DJT001
