from threading import Thread

from orders.models import Order


def sync_orders(ids):
    Order.objects.filter(pk__in=ids).update(pushed=True)


# The view of the shop.
def view(request):
    sync_orders([1])
    Thread(target=sync_orders, args=([1],)).start()  # DJT001 boundary sync_orders
