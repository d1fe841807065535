from threading import Thread

from orders.models import Order


def start():
    Thread(target=Order.objects.create, kwargs={"name": "made"}).start()  # DJT001
