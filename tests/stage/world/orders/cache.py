"""A module that queries when it is imported."""

from .models import Order

COUNT = Order.objects.count()
