"""Every path that a row gives for an installed library is there, and is what the row says."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import sys

import pytest

from flake8_django_threads.models.load import Row, load

MODELS = load()
# Paths that are true of other releases than the installed one.
ELSEWHERE = {
    "anyio.run_sync_in_worker_thread": "anyio 1 and 2",
    "apscheduler.schedulers.qt.QtScheduler": "needs a Qt binding",
    "polymorphic.PolymorphicManager": "polymorphic 1 and 2",
}
# What some functions give.
MADE = {
    "schedule.every": "schedule.Job",
    "schedule.repeat": "schedule.repeat",
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
        for part in parts[end:]:
            if part == "()" and inspect.isclass(found):
                continue
            found = resolve(MADE[path.partition("()")[0]]) if part == "()" else getattr(found, part)
        return found
    raise AttributeError(path)


def test_enough_libraries_are_installed() -> None:
    assert len({path.partition(".")[0] for path, _ in ROWS}) >= 50


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", [path for path, _ in ROWS if path not in ELSEWHERE])
def test_a_path_is_there(path: str) -> None:
    resolve(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", ELSEWHERE)
def test_an_exception_is_still_one(path: str) -> None:
    with pytest.raises((AttributeError, ImportError)):
        resolve(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [row for _, row in ROWS if row.bases and row.path not in ELSEWHERE], ids=path_of)
def test_a_class_has_the_bases_that_its_row_gives(row: Row) -> None:
    known = resolve(row.path)
    for base in row.bases:
        assert inspect.isclass(known)
        assert issubclass(known, resolve(base))  # type: ignore[arg-type]
