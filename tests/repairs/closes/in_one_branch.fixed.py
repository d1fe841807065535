from threading import Thread

from orders.models import Order


from django.db import connection, connections


def sync(name):
    try:
        if Order.objects.filter(name=name).exists():
            connection.close()
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT002
