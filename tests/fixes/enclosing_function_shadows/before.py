from threading import Thread

from orders.models import Order


def view(request, connections):
    def work():
        Order.objects.create(note=connections)

    Thread(target=work).start()  # DJT001 in-place view.work
