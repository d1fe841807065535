from threading import Thread

from django.db import connections as db_connections
from orders.models import Order


def view(request, connections):
    def work():
        try:
            Order.objects.create(note=connections)
        finally:
            db_connections.close_all()

    Thread(target=work).start()  # DJT001 in-place view.work
