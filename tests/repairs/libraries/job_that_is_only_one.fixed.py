from apscheduler.schedulers.background import BackgroundScheduler
from django.db import connections
from django_apscheduler.jobstores import DjangoJobStore

from orders.models import Order


def sync():
    try:
        Order.objects.create(name="a")
    finally:
        connections.close_all()


def start():
    scheduler = BackgroundScheduler()
    scheduler.add_jobstore(DjangoJobStore(), "default")
    scheduler.add_job(sync, "interval", hours=1)  # DJT101
