from threading import Thread

from orders.models import Order


async def sync_orders():
    await Order.objects.aget(pk=1)


Thread(target=sync_orders).start()  # DJT001 in-place sync_orders
