from threading import Thread

from django.db import connections

from orders.models import Order


def sync(name):
    """Create."""
    import json

    from django.db import transaction

    try:
        with transaction.atomic():
            Order.objects.create(name=json.dumps(name))
    finally:
        connections.close_all()


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
