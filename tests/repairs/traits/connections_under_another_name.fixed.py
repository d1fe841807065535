from threading import Thread

from django.db import connection as conn, connections as conns
from orders.models import Order


def sync(name):
    try:
        Order.objects.create(name=name)
        print(conn.vendor, len(list(conns)))
    finally:
        conns.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
