# Licence of this file.

# Does the work.
def sync_orders(Order):
    Order.objects.get(pk=1).push()


def start(Thread, Order):
    Thread(target=sync_orders, args=(Order,)).start()  # DJT001 in-place sync_orders
