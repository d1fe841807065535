from threading import Thread

from orders.models import Order


def sync_orders(): "Push."; return Order.objects.get(pk=1)  # all


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders


def view(request):
    return Order
