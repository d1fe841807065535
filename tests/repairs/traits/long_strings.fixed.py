from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    try:
        text = f"""
first {name}
    second
\tthird
"""
        Order.objects.create(name=name, note=text)
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
