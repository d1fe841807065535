from apscheduler.schedulers.background import BackgroundScheduler

from orders.models import Order


def sync():
    Order.objects.create(name="a")


def start():
    sync()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(sync, "interval", hours=1)  # DJT101
