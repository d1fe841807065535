from django.db import connections

from orders.models import Order


class Jobs:
    def sync(self, name):
        try:
            Order.objects.create(name=name)
        finally:
            connections.close_all()
