from threading import Thread

from orders.models import Order


def start(request):
    thread = Thread(  # DJT001
        # why a thread: it takes long
        target=lambda: Order.objects.create(
            user=request.user,  # the caller
        ),
        daemon=True,
    )
    thread.start()
