from threading import Thread

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db import connections

from .models import Order


def sync_orders():
    try:
        with transaction.atomic():
            Order.objects.get(pk=1).push(DatabaseError, IntegrityError, OperationalError, connection)
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
