from threading import Thread

from orders.models import Order


def nothing():
    """Nothing."""


Thread(target=nothing).start()  # DJT001 in-place nothing
