"""One pass over the text of a project's files: which of them are worth parsing, and which classes derive from which."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable

_HEADER = re.compile(r"^[ \t]*class[ \t]+(\w+)[ \t]*\(([^)]*)\)", re.MULTILINE)
_WORD = re.compile(r"\w+")


class Survey(NamedTuple):
    """``hits`` are the files whose text was wanted; ``derived`` gives, for a base's last name, (file, class name)."""

    hits: tuple[str, ...]
    derived: dict[str, tuple[tuple[str, str], ...]]


def survey(root: str, sources: Sources, resolver: Resolver, wanted: Callable[[str], bool]) -> Survey:
    """Read every file of the project at ``root`` once; unreadable ones are passed over."""
    hits = []
    derived: dict[str, list[tuple[str, str]]] = {}
    for path in resolver.files(root):
        try:
            text = sources.read(path)
        except Unreadable:
            continue
        if wanted(text):
            hits.append(path)
        if "class " in text:
            for name, bases in _HEADER.findall(text):
                for base in bases.split(","):
                    words = _WORD.findall(base.partition("=")[0] if "=" not in base else "")
                    if words:
                        derived.setdefault(words[-1], []).append((path, name))
    return Survey(tuple(hits), {base: tuple(classes) for base, classes in derived.items()})
