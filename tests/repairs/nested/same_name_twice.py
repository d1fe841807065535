from threading import Thread

from orders.models import Order


def start():
    def work():
        Order.objects.create(name="one")

    Thread(target=work).start()  # DJT001


def start_two():
    def work():
        Order.objects.create(name="two")

    work()
    Thread(target=work).start()  # DJT001
