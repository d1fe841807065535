from threading import Thread

from orders.models import Order


work = lambda: Order.objects.create()
Thread(target=work).start()  # DJT001 in-place <lambda>


def view(request):
    return Order
