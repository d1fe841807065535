"""Rows of releases that cannot be installed beside the others: where their real code runs what it is given."""

from __future__ import annotations

import pytest

from flake8_django_threads.models.load import load
from libraries.releases import run_with

MODELS = load()
# Prints whether the job has run in another thread than the main one.
START = """
from threading import Event, current_thread, main_thread
ran, where = Event(), []
def job(*_, **__):
    where.append(current_thread() is not main_thread())
    ran.set()
"""
END = """
assert ran.wait(20)
print(where[0])
import os, sys
sys.stdout.flush()
os._exit(0)
"""
SCHEDULER = """
from datetime import datetime, timezone
from apscheduler import Scheduler
from apscheduler.triggers.date import DateTrigger
scheduler = Scheduler().__enter__()
"""
BACKGROUND = """
scheduler.start_in_background()
"""
ASYNC_SCHEDULER = """
import asyncio
from apscheduler import AsyncScheduler
async def main():
    async with AsyncScheduler() as scheduler:
        await scheduler.start_in_background()
        await scheduler.run_job(job{})
asyncio.run(main())
"""
BOT = """
from queue import Queue
from telegram import Bot, Chat, Message, MessageEntity, Update, User
from telegram.ext import CommandHandler, Dispatcher, JobQueue
bot = Bot("123:token")
bot._bot = User(1, "shop", True, username="shop")
jobs = JobQueue()
dispatcher = Dispatcher(bot, Queue(), workers=1)
dispatcher._init_async_threads("shop", 1)
message = Message(1, None, Chat(1, "private"), text="/go", entities=[MessageEntity("bot_command", 0, 3)], bot=bot)
update = Update(1, message=message)
def go(**options):
    dispatcher.add_handler(CommandHandler("go", job, **options))
    dispatcher.process_update(update)
"""
IN_SCHEDULERS = {
    "add_job": "scheduler.add_job(job)",
    "add_schedule": "scheduler.add_schedule(job, DateTrigger(datetime.now(timezone.utc)))",
    "configure_task": "scheduler.configure_task('job', func=job); scheduler.add_job('job')",
    "subscribe": "scheduler.subscribe(job); scheduler.add_job(dict)",
}
IN_BOTS = {
    "Dispatcher().run_async": "dispatcher.run_async(job, 1)",
    "run_async": "from telegram.ext.dispatcher import run_async; run_async(job)()",
    "JobQueue().run_once": "jobs.set_dispatcher(dispatcher); jobs.start(); jobs.run_once(job, 0.01)",
    "CommandHandler": "go(run_async=True)",
}


@pytest.mark.parametrize("method", IN_SCHEDULERS)
def test_a_scheduler_of_version_4_runs_its_jobs_in_threads(method: str) -> None:
    assert MODELS.find("spawn", f"apscheduler.Scheduler().{method}") is not None
    script = START + SCHEDULER + IN_SCHEDULERS[method] + BACKGROUND + END
    assert run_with("scheduler-4", script) == "True"


@pytest.mark.parametrize(("options", "elsewhere"), [("", "False"), (", job_executor='threadpool'", "True")])
def test_an_asynchronous_one_does_so_where_it_is_told_to(options: str, elsewhere: str) -> None:
    assert MODELS.find("spawn", "apscheduler.AsyncScheduler().run_job") is not None
    assert run_with("scheduler-4", START + ASYNC_SCHEDULER.format(options) + END) == elsewhere


@pytest.mark.parametrize("path", IN_BOTS)
def test_a_bot_of_version_13_has_worker_threads(path: str) -> None:
    assert MODELS.find("spawn", f"telegram.ext.{path}") is not None
    assert run_with("telegram-13", START + BOT + IN_BOTS[path] + END) == "True"


def test_a_handler_runs_where_the_update_is_processed() -> None:
    """Without run_async: that is why handlers have no row of their own."""
    assert run_with("telegram-13", START + BOT + "go()" + END) == "False"
