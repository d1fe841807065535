import functools
from threading import Thread

from django.db import models, transaction

from .models import Order


class View:
    def get(self, request):
        Thread(
            target=lambda: Order.objects.create(  # kept
                user=request.user
            ),
            daemon=True,
        ).start()  # DJT001 boundary
        return models, functools, transaction
