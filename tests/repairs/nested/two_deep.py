from threading import Thread

from orders.models import Order


def start(request):
    def outer():
        def inner():
            Order.objects.create(user=request.user)

        Thread(target=inner).start()  # DJT001

    outer()
