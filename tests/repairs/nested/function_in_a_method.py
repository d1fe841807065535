from threading import Thread

from orders.models import Order


class View:
    def start(self, request):
        name = request.user

        def sync():
            Order.objects.create(user=name)

        Thread(target=sync).start()  # DJT001
        return name
