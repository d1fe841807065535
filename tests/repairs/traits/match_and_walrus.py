from threading import Thread

from orders.models import Order


def sync(name):
    match name:
        case "a" if (order := Order.objects.filter(name="first").first()):
            order.push()
        case _:
            return


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
