"""Every path that a row gives for an installed library is there, and is what the row says."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
import sys

import pytest

from flake8_django_threads.models.load import Row, load
from libraries.releases import RELEASES, run_with

MODELS = load()
# Paths that are true of releases that no test has.
ELSEWHERE = {
    "anyio.run_sync_in_worker_thread": "anyio 1 and 2",
    "apscheduler.schedulers.qt.QtScheduler": "needs a Qt binding",
    "polymorphic.PolymorphicManager": "polymorphic 1 and 2",
}
# Paths that are true of releases which are installed beside the others: by the name of the release.
BESIDE = {
    "scheduler-4": ("apscheduler.Scheduler", "apscheduler.AsyncScheduler"),
    "telegram-13": ("telegram.ext.Dispatcher", "telegram.ext.run_async"),
}
# Django makes this class at run time: its base is what can be asked.
STAND_INS = {"django.db.models.fields.related.RelatedManager": "django.db.models.Manager"}
# What some functions give.
MADE = {
    "schedule.every": "schedule.Job",
    "schedule.repeat": "schedule.repeat",
    "kafka.KafkaProducer().send": "kafka.producer.future.FutureRecordMetadata",
    "pika.BlockingConnection().channel": "pika.adapters.blocking_connection.BlockingChannel",
    "redis.from_url": "redis.Redis",
    "reversion.create_revision": "reversion.revisions._ContextWrapper",
    "structlog.get_logger": "structlog.stdlib.BoundLogger",
}


def installed(row: Row) -> bool:
    top = row.path.partition(".")[0].removesuffix("()")
    # Django's rows speak of stand-ins (a related manager's class is made at run time); the fixtures measure those.
    ours = top in sys.stdlib_module_names or top == "django" or "." not in row.path
    return not ours and importlib.util.find_spec(top) is not None


ROWS = sorted({row.path: row for row in MODELS.rows() if installed(row)}.items())
OTHERS = {path: release for path, _ in ROWS for release, beginnings in BESIDE.items() if path.startswith(beginnings)}
HERE = [(path, row) for path, row in ROWS if path not in ELSEWHERE and path not in OTHERS]


def path_of(row: Row) -> str:
    return row.path


def resolve(path: str) -> object:
    """The object at a path; an instance's attributes are looked for on its class.

    Raises AttributeError, and KeyError for what a function gives that MADE does not know.
    """
    parts = re.findall(r"\w+|\(\)|\[\]", path)
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        so_far = ".".join(parts[:end])
        for part in parts[end:]:
            if part == "()" and not inspect.isclass(found):
                found = resolve(MADE[so_far])
            elif part != "()":
                found = getattr(found, part)
            so_far += part if part == "()" else f".{part}"
        return found
    raise AttributeError(path)


def test_enough_libraries_are_installed() -> None:
    assert len({path.partition(".")[0] for path, _ in ROWS}) >= 50


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", [path for path, _ in HERE])
def test_a_path_is_there(path: str) -> None:
    resolve(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", ELSEWHERE)
def test_an_exception_is_still_one(path: str) -> None:
    with pytest.raises((AttributeError, ImportError)):
        resolve(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", OTHERS)
def test_a_path_of_another_release_is_not_here(path: str) -> None:
    with pytest.raises(AttributeError):
        resolve(path)


@pytest.mark.parametrize("release", RELEASES)
def test_a_path_of_another_release_is_there(release: str) -> None:
    paths = [path for path, other in OTHERS.items() if other == release]
    assert paths
    found = run_with(
        release,
        f"""
        from libraries.test_paths import resolve
        print([path for path in {json.dumps(paths)} if resolve(path) is None])
    """,
    )
    assert found == "[]"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [row for _, row in HERE if row.bases], ids=path_of)
def test_a_class_has_the_bases_that_its_row_gives(row: Row) -> None:
    known = resolve(row.path)
    for base in row.bases:
        assert inspect.isclass(known)
        assert issubclass(known, resolve(STAND_INS.get(base, base)))  # type: ignore[arg-type]
