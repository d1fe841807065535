from threading import Thread

from orders.models import Order


def start(request):
    def sync():
        Order.objects.create(user=request.user)

    sync()
    Thread(target=sync).start()  # DJT001
