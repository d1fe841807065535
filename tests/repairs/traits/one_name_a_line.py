import json
from threading import Lock
from threading import Thread

from django.db import IntegrityError
from orders.models import Order


def sync(name):
    with Lock():
        try:
            Order.objects.create(name=json.dumps(name))
        except IntegrityError:
            pass


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
