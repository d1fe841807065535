import json
from threading import Lock
from threading import Thread

from django.db import IntegrityError
from django.db import connections
from orders.models import Order


def sync(name):
    try:
        with Lock():
            try:
                Order.objects.create(name=json.dumps(name))
            except IntegrityError:
                pass
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
