from threading import Thread

from django.db import connections
from orders.models import Order


def warm_up():
    try:
        import json
        import orders.cache
    finally:
        connections.close_all()


Thread(target=warm_up).start()  # DJT001 in-place warm_up
