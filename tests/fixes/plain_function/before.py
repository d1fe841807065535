from threading import Thread

from orders.models import Order


def sync_orders(ids):
    """Push the orders."""

    # newest first
    for order in Order.objects.filter(pk__in=ids):
        order.push()  # one by one


def view(request):
    Thread(target=sync_orders, args=([1],)).start()  # DJT001 in-place sync_orders
