from orders.models import Order


def only_spawned(name):
    Order.objects.create(name=name)


def shared(name):
    Order.objects.create(name=name)
