"""The fixtures of the libraries' rows, line by line on PostgreSQL: what leaks there is marked, and nothing else.

Each names one row a line and is no program, so not every line can be judged: some lack an argument, a manager or a
table. ``UNJUDGED`` says of which folders no line can be judged, and why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import server
from oracle.cases import FIXTURES, Case
from oracle.databases import Postgres
from oracle.zygote import Zygote

from libraries import settings

CASES = [Case(folder) for folder in sorted((FIXTURES / "libraries").iterdir())]
# Applications that a library stands on, beside its own.
NEEDED = {"wagtail": {"modelcluster", "taggit", "treebeard"}, "modelcluster": {"taggit"}}
CONTRIB = {"admin", "auth", "contenttypes", "messages", "sessions", "sites"}
# Folders without a verdict, by reason.
UNJUDGED = {
    "its library is not among those that are installed": (
        "actstream", "auditlog", "auto_prefetch", "background_task", "caching", "concurrency",
        "django_celery_results", "django_cte", "django_extensions", "django_fsm_log", "django_lifecycle",
        "django_otp", "django_tenants", "djmoney", "djstripe", "drf_spectacular", "drf_yasg", "easy_thumbnails",
        "filer", "freezegun", "health_check", "hitcount", "hvad", "knox", "model_mommy", "oauth2_provider",
        "organizations", "psqlextra", "push_notifications", "retrying", "social_django", "sorl", "sortedm2m",
    ),
    "its threads wait for a loop, a broker, a peer or a time of day; test_threads starts those that can be had": (
        "ansible_runner", "anyio", "apscheduler", "apscheduler-4", "discord", "eventlet", "fastapi", "gevent",
        "google", "grpc", "kafka", "langgraph", "nornir", "paho", "paramiko", "pika", "pykka", "python-contexts",
        "python-servers", "python-subclass", "python-type", "python-types", "redis", "schedule", "schedule-repeat",
        "starlette", "telegram", "temporalio", "trio", "twisted", "watchdog", "werkzeug", "zeroconf",
    ),
    "its threads end in what its lines raise, which lack an argument or a setting": (
        "django-lazy", "django_db_geventpool", "loguru", "python-quiet", "rest_framework_in_requests", "sentry_sdk",
    ),
    "its lines lack what the library asks for: a model, a queue, a site; test_connections gives it": (
        "backoff", "cms", "django_rq", "factory", "model_bakery", "rq", "simple_history", "typing_extensions",
        "wagtail", "wrapt",
    ),
}  # fmt: skip
NOT_RUN = {name: why for why, names in UNJUDGED.items() for name in names}


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Zygote]:
    with server() as where, Zygote(Postgres(*where)) as zygote:
        yield zygote


def _settings(case: Case) -> dict[str, Any]:
    """The settings of all libraries, with those of their applications that the case asks for."""
    tops = set(re.findall(r"^(?:import|from) (\w+)", "\n".join(case.files.values()), re.MULTILINE))
    tops |= {other for top in tops for other in NEEDED.get(top, ())}
    apps = [
        app
        for app in settings.INSTALLED_APPS
        if (app.rpartition(".")[2] in CONTRIB if app.startswith("django.") else app.partition(".")[0] in tops)
    ]
    others = ("MIDDLEWARE", "PARLER_LANGUAGES", "Q_CLUSTER", "SITE_ID", "STATIC_URL", "WAGTAIL_SITE_NAME")
    return {name: getattr(settings, name) for name in others} | {"INSTALLED_APPS": apps}


@pytest.mark.parametrize("case", CASES, ids=lambda case: Path(case.name).name)
def test_what_leaks_is_marked(case: Case, postgresql: Zygote) -> None:
    name = case.folder.name
    if name in NOT_RUN:
        pytest.skip(NOT_RUN[name])
    judged = postgresql.lines(case, _settings(case))
    assert list(judged.disagreements(case)) == []
    assert judged.leaks | judged.closes, judged.without_verdict(case)


def test_what_is_left_out_is_there() -> None:
    assert NOT_RUN.keys() <= {case.folder.name for case in CASES}
