from datetime import UTC, datetime
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler

from orders.models import Order

BEGUN = Event()


def sync():
    BEGUN.set()
    Order.objects.create(name="a")


def start():
    sync()
    BEGUN.clear()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(sync, "interval", hours=1, next_run_time=datetime.now(UTC))  # DJT101
    scheduler.start()
    BEGUN.wait(60)
    scheduler.shutdown()
