import threading

from orders.models import Order

connections = []


def notify():
    connections.append(Order.objects.count())


def start():
    threading.Thread(target=notify).start()  # DJT001 in-place notify
