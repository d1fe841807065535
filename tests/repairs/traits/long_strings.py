from threading import Thread

from orders.models import Order


def sync(name):
    text = f"""
first {name}
    second
\tthird
"""
    Order.objects.create(name=name, note=text)


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
