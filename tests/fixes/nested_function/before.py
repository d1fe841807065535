from threading import Thread

from orders.models import Order


def view(request):
    def work():
        Order.objects.create(user=request.user)

    Thread(target=work).start()  # DJT001 in-place view.work
    return None
