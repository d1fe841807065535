from django.db import connections

from orders.models import Order


def only_spawned(name):
    try:
        Order.objects.create(name=name)
    finally:
        connections.close_all()


def shared(name):
    Order.objects.create(name=name)
