"""How long a line may be: as the project says, else as its author wrote."""

from __future__ import annotations

import configparser
import tomllib
from functools import cache
from pathlib import Path

_DEFAULT = 88
_TABLES = (("black", "line-length"), ("ruff", "line-length"), ("isort", "line_length"), ("flake8", "max-line-length"))
_SECTIONS = (("flake8", "max-line-length"), ("pycodestyle", "max-line-length"), ("isort", "line_length"))


def line_width(path: str, text: str) -> int:
    """The longest line that an edit of this file should make."""
    longest = max(map(len, text.splitlines()), default=0)
    return _configured(Path(path).parent) or max(_DEFAULT, longest)


@cache
def _configured(folder: Path) -> int:
    """The width that the nearest configuration names, up to the repository's root; 0 where none does."""
    found = _of_toml(folder / "pyproject.toml") or _of_ruff(folder / "ruff.toml") or _of_ruff(folder / ".ruff.toml")
    for name in (".flake8", "setup.cfg", "tox.ini"):
        found = found or _of_ini(folder / name)
    if found or (folder / ".git").exists() or folder.parent == folder:
        return found
    return _configured(folder.parent)


def _of_toml(path: Path) -> int:
    tool = _toml(path).get("tool")
    for table, key in _TABLES:
        options = tool.get(table) if isinstance(tool, dict) else None
        if isinstance(options, dict) and isinstance(width := options.get(key), int):
            return width
        if table in ("black", "ruff") and isinstance(options, dict):
            return 88
    return 0


def _of_ruff(path: Path) -> int:
    table = _toml(path)
    width = table.get("line-length", 88 if table else 0)
    return width if isinstance(width, int) else 0


def _toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _of_ini(path: Path) -> int:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, ValueError, configparser.Error):
        return 0
    for section, key in _SECTIONS:
        for name in (key, key.replace("-", "_")):
            width = parser.get(section, name, fallback="")
            if width.isdecimal():
                return int(width)
    return 0
