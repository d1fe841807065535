from threading import Thread

from orders.models import Order


def sync_orders():
    """Push."""
    try:
        Order.objects.get(pk=1).push()
    except Exception:
        print("no")
        # told


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
