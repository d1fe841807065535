"""One pass over the text of a project's files: which of them are worth parsing, and which classes derive from which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from sys import intern
from typing import NamedTuple, TypeAlias

from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable

# It begins with a literal, which the search jumps to; what stands before that is looked at afterwards.
_HEADER = re.compile(r"class[ \t]+(\w+)[ \t]*\(([^)]*)\)")
_AS = re.compile(r" as (\w+)")
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


class Look(NamedTuple):
    """The answers of one file's text, as in Survey. ``derivations`` pairs its classes with their bases' last names."""

    text: int
    spawning: bool
    asked: bool
    ready: bool
    registering: bool
    derivations: tuple[tuple[str, str], ...]


def survey(
    root: str,
    sources: Sources,
    resolver: Resolver,
    may_spawn: Callable[[str], bool],
    is_asked: Callable[[str], bool],
    may_register: Callable[[str], bool],
    looks: MutableMapping[str, Look | None],
) -> Survey:
    """Read every file of the project at ``root`` once, and ask all questions of its text.

    ``looks`` are the answers of files read before; those that were missing are added, None for an unreadable file.
    """
    seen: dict[str, Look | None] = {}
    derived: dict[str, list[tuple[str, str]]] = {}
    for path in resolver.files(root):
        if path not in looks:
            try:
                text = sources.read(path)
            except Unreadable:
                looks[path] = None
            else:
                ready = "def ready(" in text and "AppConfig" in text
                found = tuple(_derivations(text))
                looks[path] = Look(hash(text), may_spawn(text), is_asked(text), ready, may_register(text), found)
        look = seen[path] = looks[path]
        for name, base in look.derivations if look is not None else ():
            derived.setdefault(base, []).append((path, name))
    read = {path: look for path, look in seen.items() if look is not None}
    return Survey(
        {path: look.text if look is not None else None for path, look in seen.items()},
        tuple(path for path, look in read.items() if look.spawning),
        frozenset(path for path, look in read.items() if look.asked),
        {base: tuple(classes) for base, classes in derived.items()},
        tuple(path for path, look in read.items() if look.ready),
        tuple(path for path, look in read.items() if look.registering),
    )


def _derivations(text: str) -> Iterator[tuple[str, str]]:
    """The classes that begin a line, with the last name of each of their bases, also that before ``as``."""
    renamed: dict[str, int] | None = None
    for header in _HEADER.finditer(text):
        start = header.start()
        if text[text.rfind("\n", 0, start) + 1 : start].strip(" \t"):
            continue
        if renamed is None:
            renamed = {found[1]: found.start() for found in _AS.finditer(text)}
        for base in header[2].split(","):
            words = _WORD.findall(base) if "=" not in base else ()
            if words:
                yield intern(header[1]), intern(words[-1])
                end = renamed.get(words[-1])
                if end is not None and (before := _WORD.findall(text[text.rfind("\n", 0, end) + 1 : end])):
                    yield intern(header[1]), intern(before[-1])
