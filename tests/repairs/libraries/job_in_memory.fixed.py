import functools
from datetime import UTC, datetime
from threading import Event

from apscheduler.schedulers.background import BackgroundScheduler
from django.db import connections

from orders.models import Order

BEGUN = Event()


def sync():
    BEGUN.set()
    Order.objects.create(name="a")


def closing_connections(function):
    """Run the function, then close its thread's database connections."""

    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return run


def start():
    sync()
    BEGUN.clear()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        closing_connections(sync), "interval", hours=1, next_run_time=datetime.now(UTC)
    )  # DJT101
    scheduler.start()
    BEGUN.wait(60)
    scheduler.shutdown()
