"""Jobs."""

from __future__ import annotations

import threading

from django.conf import settings
from rest_framework.response import Response

from orders.models import Order


class Jobs:
    def start(self):
        threading.Thread(target=self.sync, name=settings.NAME).start()  # DJT001 in-place Jobs.sync
        return Response()

    def sync(self):
        try:
            order = Order.objects.get(pk=1)
        except Order.DoesNotExist:
            return None
        return order.push()
