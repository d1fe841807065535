from threading import Thread

from orders.models import Order


def sync(name):
    """Create."""
    import json

    from django.db import transaction

    with transaction.atomic():
        Order.objects.create(name=json.dumps(name))


def start():
    Thread(target=sync, args=("a",)).start()  # DJT001
