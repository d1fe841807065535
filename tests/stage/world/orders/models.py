"""What the code of a repair may query."""

from django.db import models


class Order(models.Model):
    """Pushing or pulling an order writes a row, so that other transactions never wait for it."""

    name = models.CharField(max_length=200, default="")
    note = models.CharField(max_length=2000, default="")
    user = models.CharField(max_length=200, default="")
    pushed = models.BooleanField(default=False)

    class Meta:
        app_label = "orders"

    def push(self, *args, **kwargs):
        Order.objects.create(name=f"pushed {self.name}")
        return len(args) + len(kwargs)

    def pull(self, *args, **kwargs):
        Order.objects.create(name=f"pulled {self.name}")
        return len(args) + len(kwargs)
