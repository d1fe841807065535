from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
      try:
            if name:
               Order.objects.create(name=name)
            else:
                    print("none")
      finally:
            connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
