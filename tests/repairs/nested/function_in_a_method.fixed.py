from threading import Thread

from django.db import connections

from orders.models import Order


class View:
    def start(self, request):
        name = request.user

        def sync():
            try:
                Order.objects.create(user=name)
            finally:
                connections.close_all()

        Thread(target=sync).start()  # DJT001
        return name
