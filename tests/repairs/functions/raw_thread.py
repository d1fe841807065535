import _thread

from orders.models import Order


def expire(order_id):
    return Order.objects.filter(pk=order_id).count()


def start():
    expire(2)
    _thread.start_new_thread(expire, (1,))  # DJT001
