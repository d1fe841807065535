from threading import Thread

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from .models import Order


def sync_orders():
    with transaction.atomic():
        Order.objects.get(pk=1).push(DatabaseError, IntegrityError, OperationalError, connection)


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
