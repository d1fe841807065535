from threading import Thread

from orders.models import Order


class Worker(Thread):
    def run(self):  # DJT001 boundary Worker.run
        Order.objects.get(pk=1)


Worker().run()
