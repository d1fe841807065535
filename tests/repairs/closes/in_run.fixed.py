from threading import Thread

from orders.models import Order


from django.db import connection


class Worker(Thread):
    def run(self):  # DJT002
        try:
            Order.objects.create(name="a")
        finally:
            connection.close()  # back to the server


def start():
    Worker().start()
