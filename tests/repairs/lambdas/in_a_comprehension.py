from threading import Thread

from orders.models import Order


def start():
    threads = [Thread(target=lambda name=name: Order.objects.create(name=name)) for name in "abc"]  # DJT001
    for thread in threads:
        thread.start()
