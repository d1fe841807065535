from threading import Thread

from orders.models import Order


def sync():
    Order.objects.create(name="made")


Thread(target=sync).start()  # DJT001 # DJT401
