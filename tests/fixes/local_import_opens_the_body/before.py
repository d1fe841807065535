from threading import Thread

from orders.models import Order


def sync_orders():
    import json
    from django.db import connections as all_of_them

    print(json.dumps(list(all_of_them)))
    Order.objects.get(pk=1).push()


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
