from threading import Thread

from django import db
from django.db import connections as db_conns

from orders.models import Order


def sync_orders():
    Order.objects.get(pk=1).push()


def start():
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
