from threading import Thread

from django.db import connections
from orders.models import Order


def view(request):
    def work():
        try:
            Order.objects.create(user=request.user)
        finally:
            connections.close_all()

    Thread(target=work).start()  # DJT001 in-place view.work
    return None
