from threading import Thread

from orders.models import Order


def start(request):
    Thread(target=lambda: Order.objects.create(user=request.user)).start()  # DJT001
