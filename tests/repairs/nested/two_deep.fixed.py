from threading import Thread

from django.db import connections

from orders.models import Order


def start(request):
    def outer():
        def inner():
            try:
                Order.objects.create(user=request.user)
            finally:
                connections.close_all()

        Thread(target=inner).start()  # DJT001

    outer()
