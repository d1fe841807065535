"""What calling a queue's task does here: it runs the function, as the rows say, or only notes that it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from libraries.cases import MODELS

pytestmark = pytest.mark.filterwarnings("ignore")


def _celery() -> Any:
    from celery import shared_task

    return shared_task


def _celery_app() -> Any:
    from celery import Celery

    return Celery("shop").task


def _dramatiq() -> Any:
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    dramatiq.set_broker(StubBroker())
    return dramatiq.actor


def _procrastinate() -> Any:
    from procrastinate.contrib.django import app

    return app.task


def _django_rq() -> Any:
    import django_rq

    return django_rq.job


def _rq() -> Any:
    from fakeredis import FakeRedis
    from rq.decorators import job

    return job("orders", connection=FakeRedis())


def _huey() -> Any:
    from huey.contrib.djhuey import task

    return task()


def _huey_db() -> Any:
    from huey.contrib.djhuey import db_task

    return db_task()


def _django_tasks() -> Any:
    from django_tasks import task

    return task


RUNNING: dict[str, Callable[[], Any]] = {
    "celery.shared_task": _celery,
    "celery.Celery().task": _celery_app,
    "dramatiq.actor": _dramatiq,
    "procrastinate.contrib.django.app.task": _procrastinate,
    "django_rq.job": _django_rq,
    "rq.decorators.job": _rq,
}
# That is why these have no row: nothing of the function runs in the thread that calls it.
NOTING: dict[str, Callable[[], Any]] = {
    "huey.contrib.djhuey.task": _huey,
    "huey.contrib.djhuey.db_task": _huey_db,
    "django_tasks.task": _django_tasks,
}


@pytest.fixture
def settings() -> Iterator[None]:
    from django.conf import settings

    settings.RQ_QUEUES = {"default": {"HOST": "127.0.0.1"}}
    yield
    del settings.RQ_QUEUES


def runs(decorate: Callable[[Any], Any], name: str) -> bool:
    """Whether calling the decorated function runs its body."""
    ran: list[int] = []

    def body() -> None:
        ran.append(1)

    body.__name__ = body.__qualname__ = name.replace(".", "_").replace("()", "")
    body.__module__ = __name__
    # A task is looked for by its name, at the module's level.
    globals()[body.__name__] = body
    with suppress(TypeError):
        decorate(body)()
    return bool(ran)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("path", RUNNING)
def test_a_task_that_is_called_runs_here(path: str) -> None:
    row = MODELS.find("wrapper", path)
    assert row is not None
    assert row.does == "identity"
    assert runs(RUNNING[path](), path)


@pytest.mark.parametrize("path", NOTING)
def test_a_task_that_is_called_is_only_noted(path: str) -> None:
    assert MODELS.find("wrapper", path) is None
    assert not runs(NOTING[path](), path)
