from threading import Thread

from orders.models import Order


def start(request):
    work = lambda: Order.objects.create(user=request.user)
    Thread(target=work).start()  # DJT001
