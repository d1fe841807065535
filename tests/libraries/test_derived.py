"""Rows that follow from other rows and the installed Django: the coroutine beside each method that runs a query."""

from __future__ import annotations

import inspect

from django import shortcuts
from django.contrib import auth
from django.contrib.auth.models import UserManager
from django.db import models
from django.test import Client

from flake8_django_threads.models.load import Row, load

# Whose coroutines: by the path under which the rows speak of them, without its last part.
OWNERS: dict[str, tuple[object, ...]] = {
    "django.db.models.QuerySet()": (models.QuerySet,),
    # A manager has its coroutines from the queryset, through plain functions.
    "django.db.models.Manager()": (models.QuerySet, UserManager),
    "django.db.models.Model()": (models.Model,),
    "django.contrib.auth": (auth,),
    "django.shortcuts": (shortcuts,),
    "django.test.Client()": (Client,),
}
# Known to have no row yet.
OTHERS = {"aupdate_session_auth_hash"}
WHOLE = load()


def derived() -> dict[str, Row]:
    """The rows of the coroutines, each from the row of its plain twin: opening when awaited, the rest the same."""
    found = {}
    for row in WHOLE.rows("touch"):
        owner, _, name = row.path.rpartition(".")
        for place in OWNERS.get(owner, ()):
            twin = getattr(place, f"a{name}", None)
            if inspect.iscoroutinefunction(twin) and f"a{name}" not in OTHERS:
                found[f"{owner}.a{name}"] = row
    return found


def test_each_coroutine_has_the_row_that_follows_from_its_twin() -> None:
    for path, row in derived().items():
        shipped = WHOLE.find("touch", path, "await")
        assert shipped is not None, path
        assert shipped.path == path
        assert (shipped.returns, shipped.unless_empty) == (row.returns, row.unless_empty), path


def test_no_coroutine_has_a_row_that_does_not_follow() -> None:
    awaited = {row.path for row in WHOLE.rows("touch") if row.on == ("await",)}
    held = {path for path in awaited if path.rpartition(".")[0] in OWNERS}
    assert held == derived().keys()
