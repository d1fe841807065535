"""What a project's settings tell of CONN_MAX_AGE and of caches: for certain, or not for certain."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.settings import Settings
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store

SIXTY, ZERO = 'DATABASES = {"default": {"CONN_MAX_AGE": 60}}', 'DATABASES = {"default": {"CONN_MAX_AGE": 0}}'
KEPT = {
    "a literal": 'DATABASES = {"default": {"CONN_MAX_AGE": 60}}',
    "for ever": 'DATABASES = {"default": {"CONN_MAX_AGE": None}}',
    "a name": 'AGE = 60\nDATABASES = {"default": {"CONN_MAX_AGE": AGE}}',
    "a product": 'DATABASES = {"default": {"CONN_MAX_AGE": 60 * 5 + 1}}',
    "an annotated name": 'DATABASES: dict = {"default": {"CONN_MAX_AGE": 60}}',
    "set later": 'DATABASES = {"default": {}}\nDATABASES["default"]["CONN_MAX_AGE"] = 60',
    "through another name": 'DATABASES = {"default": {}}\nmain = DATABASES["default"]\nmain["CONN_MAX_AGE"] = 60',
    "updated": 'DATABASES = {"default": {}}\nDATABASES["default"].update({"CONN_MAX_AGE": 60})',
    "updated by a keyword": 'DATABASES = {"default": {}}\nDATABASES["default"].update(CONN_MAX_AGE=60)',
    "joined": 'DATABASES = {"default": {}}\nDATABASES |= {"default": {"CONN_MAX_AGE": 60}}',
    "joined by an operator": 'BASE = {"CONN_MAX_AGE": 60}\nDATABASES = {"default": BASE | {"NAME": "x"}}',
    "spread": 'BASE = {"CONN_MAX_AGE": 60}\nDATABASES = {"default": {**BASE, "NAME": "x"}}',
    "made by dict": "DATABASES = dict(default=dict(CONN_MAX_AGE=60))",
    "copied": 'import copy\nBASE = {"CONN_MAX_AGE": 60}\nDATABASES = {"default": copy.deepcopy(BASE)}',
    "a default": 'DATABASES = {"default": {}}\nDATABASES["default"].setdefault("CONN_MAX_AGE", 60)',
    "beside a literal url": 'DATABASES = {"default": {**env.db("URL"), "CONN_MAX_AGE": 60}}',
    "over a read url": 'DATABASES = {"default": env.db("URL")}\nDATABASES["default"]["CONN_MAX_AGE"] = 60\n',
    "dj_database_url": "DATABASES = {'default': dj_database_url.config(conn_max_age=600)}",
    "dj_database_url, updated": (
        'DATABASES = {"default": {"NAME": "x"}}\nDATABASES["default"].update(dj_database_url.config(conn_max_age=500))'
    ),
    "django-environ": 'DATABASES = {"default": {"CONN_MAX_AGE": env.int("AGE", default=60)}}',
    "django-environ by position": 'DATABASES = {"default": {"CONN_MAX_AGE": env.int("AGE", 60)}}',
    "decouple": 'DATABASES = {"default": {"CONN_MAX_AGE": config("AGE", default=60, cast=int)}}',
    "the environment": 'DATABASES = {"default": {"CONN_MAX_AGE": int(os.environ.get("AGE", 60))}}',
    "the environment as text": 'DATABASES = {"default": {"CONN_MAX_AGE": int(os.getenv("AGE", "60"))}}',
    "the environment or": 'DATABASES = {"default": {"CONN_MAX_AGE": int(os.getenv("AGE") or 60)}}',
    "either of two ages": 'DATABASES = {"default": {"CONN_MAX_AGE": 60 if DEBUG else None}}',
    "in both branches": (
        'if DEBUG:\n    DATABASES = {"default": {"CONN_MAX_AGE": 60}}\n'
        'else:\n    DATABASES = {"default": {"CONN_MAX_AGE": 600}}'
    ),
    "behind a guarded import": (
        'DATABASES = {"default": {"CONN_MAX_AGE": 60}}\ntry:\n    from .local_settings import *\n'
        "except ImportError:\n    pass"
    ),
    "by Django's name": "from django.db import DEFAULT_DB_ALIAS\nDATABASES = {DEFAULT_DB_ALIAS: {'CONN_MAX_AGE': 1}}",
    "looked at": 'DATABASES = {"default": {"CONN_MAX_AGE": 60}}\nNAME = DATABASES["default"].get("NAME", "x")',
}
NOT_KEPT = {
    "nothing": "",
    "no databases": "DEBUG = True",
    "no alias": "DATABASES = {}",
    "no age": 'DATABASES = {"default": {}}',
    "zero": 'DATABASES = {"default": {"CONN_MAX_AGE": 0}}',
    "zero as text": 'DATABASES = {"default": {"CONN_MAX_AGE": "0"}}',
    "no number": 'DATABASES = {"default": {"CONN_MAX_AGE": "for ever"}}',
    "false": 'DATABASES = {"default": {"CONN_MAX_AGE": False}}',
    "a zero default": 'DATABASES = {"default": {"CONN_MAX_AGE": env.int("AGE", default=0)}}',
    "no default": 'DATABASES = {"default": {"CONN_MAX_AGE": os.environ["AGE"]}}',
    "no default with get": 'DATABASES = {"default": {"CONN_MAX_AGE": os.environ.get("AGE")}}',
    "an unknown call": 'DATABASES = {"default": {"CONN_MAX_AGE": read_age("60")}}',
    "the url alone": 'DATABASES = {"default": env.db("URL")}',
    "one of two": 'DATABASES = {"default": {"CONN_MAX_AGE": 60 if DEBUG else 0}}',
    "one branch": SIXTY + '\nif DEBUG:\n    DATABASES["default"]["CONN_MAX_AGE"] = 0',
    "the branch without": 'DATABASES = {"default": {}}\nif DEBUG:\n    DATABASES["default"]["CONN_MAX_AGE"] = 60',
    "set in one branch": 'if DEBUG:\n    DATABASES = {"default": {"CONN_MAX_AGE": 60}}',
    "replaced": SIXTY + '\nDATABASES = {"default": {}}',
    "replaced in part": SIXTY + '\nDATABASES["default"] = env.db("URL")',
    "popped": SIXTY + '\nDATABASES["default"].pop("CONN_MAX_AGE")',
    "deleted": SIXTY + '\ndel DATABASES["default"]["CONN_MAX_AGE"]',
    "cleared": SIXTY + '\nDATABASES["default"].clear()',
    "updated by who knows what": SIXTY + '\nDATABASES["default"].update(LOCAL)',
    "handed to who knows what": SIXTY + "\npatch(DATABASES)",
    "under a name that is not known": SIXTY + "\nDATABASES[name()] = {}",
    "in a loop": SIXTY + '\nfor db in DATABASES.values():\n    db["CONN_MAX_AGE"] = 0',
    "through a second name": SIXTY + '\nmain = DATABASES["default"]\nmain["CONN_MAX_AGE"] = 0',
    "over by a star": SIXTY + "\nfrom beyond.the.project import *",
    "in a class": 'class Production:\n    DATABASES = {"default": {"CONN_MAX_AGE": 60}}',
    "a setting of that name": "CONN_MAX_AGE = 60",
    "of a backend that pools": (
        'DATABASES = {"default": {"ENGINE": "django_db_geventpool.backends.postgresql_psycopg3", "CONN_MAX_AGE": 60}}'
    ),
    "no Python": 'DATABASES = {"default": {"CONN_MAX_AGE": 60}',
}


def keeps(folder: Path, files: dict[str, str], alias: str = "default") -> bool:
    for path, text in {"jobs.py": "", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(textwrap.dedent(text), encoding="utf-8")
    sources = Sources()
    settings = Settings(sources, Store(sources), Resolver(sources, str(folder)))
    answer = settings.keeps(str(folder / "jobs.py"), alias)
    calls = sources.path_calls
    assert settings.keeps(str(folder / "jobs.py"), alias) is answer
    assert sources.path_calls == calls  # read once
    return answer


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_an_age_is_told(text: str, tmp_path: Path) -> None:
    assert keeps(tmp_path, {"settings.py": text})
    assert not keeps(tmp_path, {"settings.py": text}, "other")


@pytest.mark.parametrize("text", NOT_KEPT.values(), ids=NOT_KEPT)
def test_an_age_is_not_told_or_zero(text: str, tmp_path: Path) -> None:
    assert not keeps(tmp_path, {"settings.py": text})


MANAGE = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.{}")\n'
PACKAGE = {"config/__init__.py": "", "config/settings/__init__.py": ""}
PROJECTS = {
    "by manage.py": ({"manage.py": MANAGE.format("live"), "config/live.py": SIXTY}, True),
    "by an assignment": (
        {"wsgi.py": 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "config.live"', "config/live.py": SIXTY},
        True,
    ),
    "by pytest.ini": (
        {"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = config.live\n", "config/live.py": SIXTY},
        True,
    ),
    "by pyproject.toml": (
        {"pyproject.toml": '[tool.pytest]\nDJANGO_SETTINGS_MODULE = "config.live"\n', "config/live.py": SIXTY},
        True,
    ),
    "two that agree": (
        {"manage.py": MANAGE.format("a"), "asgi.py": MANAGE.format("b"), "config/a.py": SIXTY, "config/b.py": SIXTY},
        True,
    ),
    "two that disagree": (
        {"manage.py": MANAGE.format("a"), "asgi.py": MANAGE.format("b"), "config/a.py": SIXTY, "config/b.py": ZERO},
        False,
    ),
    "one that nobody names": ({"manage.py": MANAGE.format("live"), "config/live.py": SIXTY, "settings.py": ZERO}, True),
    "a neighbour that disagrees": (
        PACKAGE
        | {"manage.py": MANAGE.format("settings.live")}
        | {"config/settings/live.py": SIXTY, "config/settings/test.py": ZERO},
        False,
    ),
    "a neighbour that says nothing": (
        PACKAGE
        | {"manage.py": MANAGE.format("settings.live")}
        | {"config/settings/live.py": SIXTY, "config/settings/apps.py": "APPS = []"},
        True,
    ),
    "an inherited age": (
        PACKAGE
        | {"manage.py": MANAGE.format("settings.live")}
        | {"config/settings/base.py": SIXTY, "config/settings/live.py": "from .base import *\nDEBUG = False\n"},
        True,
    ),
    "a changed age": (
        PACKAGE
        | {"manage.py": MANAGE.format("settings.live"), "config/settings/base.py": SIXTY}
        | {"config/settings/live.py": 'from .base import *\nDATABASES["default"]["CONN_MAX_AGE"] = 0\n'},
        False,
    ),
    "an imported name": (
        {"manage.py": MANAGE.format("live"), "config/base.py": "AGE = 60\nHOST = 'x'"}
        | {"config/live.py": 'from config.base import AGE\nDATABASES = {"default": {"CONN_MAX_AGE": AGE}}'},
        True,
    ),
    "an imported module": (
        {"manage.py": MANAGE.format("live"), "config/base.py": SIXTY}
        | {"config/live.py": "from config import base\nDATABASES = base.DATABASES"},
        True,
    ),
    "a circle": (
        {"manage.py": MANAGE.format("a"), "config/a.py": f"from config.b import *\n{SIXTY}"}
        | {"config/b.py": "from config.a import *"},
        True,
    ),
    "one that is not there": ({"manage.py": MANAGE.format("gone"), "config/settings.py": SIXTY}, True),
    "called settings in a package of no name": ({"shop/settings/production.py": SIXTY}, True),
    "not called settings": ({"shop/configuration.py": SIXTY}, False),
}


@pytest.mark.parametrize(("files", "kept"), PROJECTS.values(), ids=PROJECTS)
def test_which_modules_are_settings(files: dict[str, str], kept: bool, tmp_path: Path) -> None:
    assert keeps(tmp_path, files) is kept


IN_A_TABLE = '{"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "entries"}'
IN_MEMORY = '{"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}'
CACHES = {
    "a literal": (f'CACHES = {{"default": {IN_A_TABLE}}}', True),
    "through a name": (f'table = {IN_A_TABLE}\nCACHES = {{"default": table}}', True),
    "in memory": (f'CACHES = {{"default": {IN_MEMORY}}}', False),
    "another one in a table": (f'CACHES = {{"default": {IN_MEMORY}, "table": {IN_A_TABLE}}}', False),
    "in one branch": (f'CACHES = {{"default": {IN_A_TABLE}}}\nif DEBUG:\n    CACHES["default"] = {IN_MEMORY}', False),
    "by a url": ('CACHES = {"default": env.cache("URL", default="dbcache://entries")}', False),
    "a class of the project's": ('CACHES = {"default": {"BACKEND": "shop.caches.Cache"}}', False),
    "nothing": ("", False),
}


@pytest.mark.parametrize(("text", "told"), CACHES.values(), ids=CACHES)
def test_a_cache_is_in_a_table(text: str, told: bool, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(text, encoding="utf-8")
    sources = Sources()
    settings = Settings(sources, Store(sources), Resolver(sources, str(tmp_path)))
    assert settings.caches_in_a_table(str(tmp_path / "jobs.py"), "default") is told


def test_a_cache_is_not_in_a_table_where_two_settings_disagree(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(f'CACHES = {{"default": {IN_A_TABLE}}}', encoding="utf-8")
    (tmp_path / "settings_test.py").write_text(f'CACHES = {{"default": {IN_MEMORY}}}', encoding="utf-8")
    sources = Sources()
    settings = Settings(sources, Store(sources), Resolver(sources, str(tmp_path)))
    assert not settings.caches_in_a_table(str(tmp_path / "jobs.py"), "default")
