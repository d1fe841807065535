# Licence of this file.

# Does the work.
def sync_orders(Order):
    Order.objects.get(pk=1).push()


def start(Thread):
    Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
