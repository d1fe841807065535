"""What a project teaches in its own pyproject.toml, under ``[tool.flake8-django-threads]``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flake8_django_threads.models.schema import BadRow

FILE = "pyproject.toml"
SECTION = "flake8-django-threads"
_LISTS = ("models", "enable")


class Configured(NamedTuple):
    """``tables`` are rows as in a table file, ``models`` further table files (paths), ``enable`` opt-in codes.

    ``source`` is the file, for messages.
    """

    source: str = FILE
    tables: Mapping[str, object] = {}
    models: tuple[str, ...] = ()
    enable: frozenset[str] = frozenset()


def configured(folder: str) -> Configured:
    """Read the nearest pyproject.toml at or above ``folder``, where the linter runs.

    A file without the section, one that cannot be read or is no TOML counts as none: it is not ours to complain about,
    unless it names the section. Raises BadRow for a section that cannot be used.
    """
    for place in (Path(folder), *Path(folder).parents):
        path = place / FILE
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return Configured()
        if SECTION.encode() not in data:
            return Configured()
        source = os.path.relpath(path, folder)
        try:
            section = tomllib.loads(data.decode()).get("tool", {}).get(SECTION, {})
        except ValueError as error:
            raise BadRow(source, "", "", f"expected TOML: {error}") from error
        return _read(source, place, section)
    return Configured()


def _read(source: str, place: Path, section: object) -> Configured:
    if not isinstance(section, dict):
        raise BadRow(source, f"[tool.{SECTION}]", "", "expected a table")
    lists: dict[str, list[str]] = {}
    for key in _LISTS:
        value = section.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise BadRow(source, f"[tool.{SECTION}]", key, f"expected a list of texts, got {value!r}")
        lists[key] = value
    tables = {key: value for key, value in section.items() if key not in _LISTS}
    models = tuple(str(place / name) for name in lists["models"])
    return Configured(source, tables, models, frozenset(lists["enable"]))
