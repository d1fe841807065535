from threading import Thread

from orders.models import Order


def sync(name):
  if name:
    Order.objects.create(name=name)


def start():
  Thread(target=sync, args=("a",)).start()  # DJT001
