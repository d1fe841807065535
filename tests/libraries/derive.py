"""Writes ``derived.toml``: the rows that follow from other rows and the installed Django.

Beside each method that runs a query Django has a coroutine of the same name with an ``a`` in front, which does the same
when it is awaited. ``python -m libraries`` in ``tests`` writes the rows of these, and with ``--check`` says whether
they are the ones that are there.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django import shortcuts
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin, User, UserManager
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache.backends.base import BaseCache
from django.db import models
from django.test import Client

from flake8_django_threads import models as rows
from flake8_django_threads.models.load import Row, load
from flake8_django_threads.models.schema import Slot

TARGET = Path(rows.__file__).with_name("derived.toml")
# Where the coroutines are: by the path under which the rows speak of their owner.
OWNERS: dict[str, tuple[object, ...]] = {
    "django.db.models.QuerySet()": (models.QuerySet,),
    # A manager has its coroutines from the queryset, through plain functions.
    "django.db.models.Manager()": (models.QuerySet, UserManager),
    "django.db.models.query.ValuesQuerySet()": (models.QuerySet,),
    "django.db.models.fields.related.RelatedManager()": (type(User(pk=1).groups),),
    "django.db.models.Model()": (models.Model,),
    "django.core.cache.caches[]": (BaseCache,),
    "django.shortcuts": (shortcuts,),
    "django.contrib.auth": (auth,),
    "django.contrib.auth.models.PermissionsMixin()": (PermissionsMixin,),
    "django.contrib.auth.models.AbstractBaseUser()": (AbstractBaseUser,),
    "django.contrib.sessions.backends.db.SessionStore()": (SessionStore,),
    "django.test.Client()": (Client,),
}
KEYS = ("returns", "alias", "unless_empty", "constrained", "given_query", "cache_table")
HEAD = """\
# Written by "python -m libraries" (tests/libraries/derive.py) from django.toml and the installed Django.
# make test-libraries checks that nothing else is here.
"""
WHY = "Does what its twin without the a does, when it is awaited."


def coroutines() -> Iterator[tuple[str, str, Row]]:
    """Owner and name of each coroutine whose twin has a row, with that row, in the order of the twins."""
    for row in load().rows("touch"):
        owner, _, name = row.path.rpartition(".")
        if row.on != ("call",) or row.source != "django.toml":
            continue
        for place in OWNERS.get(owner, ()):
            twin = getattr(place, f"a{name}", None)
            if inspect.iscoroutinefunction(twin):
                for slot in (row.alias, row.unless_empty):
                    assert slot is None or _takes(twin, slot), (owner, name, slot)
                yield owner, f"a{name}", row
                break


def _takes(function: Any, slot: Slot) -> bool:
    """Whether a method takes the argument where its twin's row says."""
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return True
    names = [p.name for p in parameters]
    return slot.keyword in names and (slot.position is None or names.index(slot.keyword) == slot.position)


def text() -> str:
    """The whole file: methods with the same owners and the same options stand together."""
    owners: dict[tuple[str, tuple[object, ...]], list[str]] = {}
    for owner, name, row in coroutines():
        owners.setdefault((name, tuple(getattr(row, key) for key in KEYS)), []).append(owner)
    groups: dict[tuple[tuple[str, ...], tuple[object, ...]], list[str]] = {}
    for (name, options), held in owners.items():
        groups.setdefault((tuple(held), options), []).append(name)
    return HEAD + "".join(_entry(*group, names) for group, names in groups.items())


def _entry(owners: tuple[str, ...], options: tuple[object, ...], names: list[str]) -> str:
    lines = [f"paths = {json.dumps(owners)}" if len(owners) > 1 else f"path = {json.dumps(owners[0])}"]
    lines += [f"methods = {json.dumps(names)}", 'on = "await"']
    lines += [f"{key} = {_value(value)}" for key, value in zip(KEYS, options, strict=True) if value]
    return "\n".join(["", "[[touch]]", *lines, f"why = {json.dumps(WHY)}", ""])


def _value(value: object) -> str:
    if isinstance(value, Slot):
        given = {key: part for key, part in value._asdict().items() if part is not None}
        return "{ " + ", ".join(f"{key} = {json.dumps(part)}" for key, part in given.items()) + " }"
    return json.dumps(value)


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` say whether it is the one that would be written."""
    if "--check" in arguments:
        is_right = TARGET.read_text(encoding="utf-8") == text()
        print(f"{TARGET.name} is {'as it follows' if is_right else 'another: write it again'}")
        return 0 if is_right else 1
    TARGET.write_text(text(), encoding="utf-8")
    return 0
