"""An object of another module."""

from .models import Order


class Service:
    def push(self, row):
        return Order.objects.create(name=f"service {row}").name

    def ship(self, order):
        order.pull()
        return order.push()


service = Service()
