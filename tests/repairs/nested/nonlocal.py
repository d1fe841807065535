from threading import Thread

from orders.models import Order


def start():
    count = 0

    def sync():
        nonlocal count
        count = Order.objects.count()

    thread = Thread(target=sync)  # DJT001
    thread.start()
    thread.join()
    print(count)
