from apscheduler.schedulers.background import BackgroundScheduler
from django.conf import settings

from orders.models import Order


def sync():
    Order.objects.create(name="a")


def start():
    sync()
    scheduler = BackgroundScheduler(settings.SCHEDULER)
    # left: the entry is not only spawned, and a job store could not name a wrapped one
    scheduler.add_job(sync, "interval", hours=1)  # DJT101
