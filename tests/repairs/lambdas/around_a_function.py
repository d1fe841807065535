from threading import Thread

from orders.models import Order


def sync(name):
    Order.objects.create(name=name)


def start(request):
    Thread(target=lambda: sync(request.user)).start()  # DJT001
