from threading import Thread

from orders.models import Order


def warm_up():
    import json
    import orders.cache


Thread(target=warm_up).start()  # DJT001 in-place warm_up
