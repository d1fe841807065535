from orders.models import Order


def sync(name):
    Order.objects.create(name=name)
