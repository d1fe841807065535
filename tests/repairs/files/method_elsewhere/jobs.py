from orders.models import Order


class Jobs:
    def sync(self, name):
        Order.objects.create(name=name)
