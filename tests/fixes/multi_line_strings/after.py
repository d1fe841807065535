from threading import Thread

from django.db import connections
from orders.models import Order


def sync_orders():
    try:
        text = """
first
  second \
    third
"""
        Order.objects.filter(
            name=text,
  # odd comment
            note=f"""
{text}
    """,
        ).update(
            pushed=True, user=2)
        total = 1 + \
            2

        return total
    finally:
        connections.close_all()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
