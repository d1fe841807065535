"""One pass over the text of a project's files: which of them are worth parsing, and which classes derive from which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable

# It begins with a literal, which the search jumps to; what stands before that is looked at afterwards.
_HEADER = re.compile(r"class[ \t]+(\w+)[ \t]*\(([^)]*)\)")
_WORD = re.compile(r"\w+")

Derived: TypeAlias = Mapping[str, tuple[tuple[str, str], ...]]
"""The classes below others, as (file, class name), by the last name of a base."""


class Survey(NamedTuple):
    """``texts`` has the hash of each file's text, None for one that cannot be read.

    ``spawning`` are the files whose words may start a thread, ``asked`` those with the words that rules ask for,
    ``ready`` those that seem to define an ``AppConfig.ready``, and ``registering`` those that may connect a receiver to
    a signal or register a job with a library.
    """

    texts: Mapping[str, int | None]
    spawning: tuple[str, ...]
    asked: frozenset[str]
    derived: Derived
    ready: tuple[str, ...]
    registering: tuple[str, ...]


def survey(
    root: str,
    sources: Sources,
    resolver: Resolver,
    may_spawn: Callable[[str], bool],
    is_asked: Callable[[str], bool],
    may_register: Callable[[str], bool],
) -> Survey:
    """Read every file of the project at ``root`` once, and ask all questions of its text."""
    texts: dict[str, int | None] = {}
    spawning = []
    asked = []
    ready = []
    registering = []
    derived: dict[str, list[tuple[str, str]]] = {}
    for path in resolver.files(root):
        try:
            text = sources.read(path)
        except Unreadable:
            texts[path] = None
            continue
        texts[path] = hash(text)
        if may_spawn(text):
            spawning.append(path)
        if is_asked(text):
            asked.append(path)
        if "def ready(" in text and "AppConfig" in text:
            ready.append(path)
        if may_register(text):
            registering.append(path)
        for name, base in _derivations(text):
            derived.setdefault(base, []).append((path, name))
    found = {base: tuple(classes) for base, classes in derived.items()}
    return Survey(texts, tuple(spawning), frozenset(asked), found, tuple(ready), tuple(registering))


def _derivations(text: str) -> Iterator[tuple[str, str]]:
    """The classes that begin a line, with the last name of each of their bases."""
    for header in _HEADER.finditer(text):
        start = header.start()
        if text[text.rfind("\n", 0, start) + 1 : start].strip(" \t"):
            continue
        for base in header[2].split(","):
            words = _WORD.findall(base) if "=" not in base else ()
            if words:
                yield header[1], words[-1]
