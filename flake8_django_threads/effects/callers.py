"""Who calls a function: the functions of a project that name it, found by words first and then by what is written.

A name may mean something else where it stands, so this only says what is worth running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from flake8_django_threads.effects.explore import outermost
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import last, parent
from flake8_django_threads.project.store import Store

ROUNDS, MOST_FILES, MOST_FUNCTIONS = 3, 25, 400
# Called by Django or Python, and by everybody else for something else.
_EVERYBODYS = frozenset(
    {"run", "close", "get", "post", "put", "patch", "delete", "save", "create", "update", "main", "start", "stop"}
    | {"__init__", "setUp", "tearDown", "process", "execute", "dispatch", "send", "connect", "clean", "wrapper"}
)
_COMMANDS = "/management/commands/"
_COMMAND = "call_command"


class Place(NamedTuple):
    """An outermost function and its module."""

    module: r.ModuleFacts
    function: r.Function


class _Name(NamedTuple):
    """What calls a function, and the word that goes with it in the text of whoever does."""

    name: str
    near: str


def callers(resolver: Resolver, modules: Store, root: str, begin: Iterable[Place]) -> Iterator[Place]:
    """The functions themselves, then those of the project at ``root`` that may call them, directly or through others.

    A name that stands in very many files is not followed.
    """
    seen = dict.fromkeys(begin)
    yield from seen
    new = list(seen)
    for _ in range(ROUNDS):
        if len(seen) > MOST_FUNCTIONS:
            return
        new = [place for place in calling(modules, resolver.files(root), new) if place not in seen]
        if not new:
            return
        seen.update(dict.fromkeys(new))
        yield from new


def calling(modules: Store, files: Iterable[str], called: Iterable[Place]) -> Iterator[Place]:
    """The functions in these files that may call one of ``called`` directly, each once.

    A name that stands in very many files is left out.
    """
    own: dict[_Name, set[str]] = {}
    for place in called:
        own.setdefault(_name_of(place), set()).add(place.module.path)
    tests = {name: _as_called(name) for name in sorted(own) if name.name not in _EVERYBODYS}
    naming: dict[_Name, list[str]] = {name: [] for name in tests}
    for path in files if tests else ():
        text = modules.text(path)
        for name, may_call in tests.items():
            if name.name in text and (name.near in text or path in own[name]) and may_call(text):
                naming[name].append(path)
    # Files are parsed late, and only for names that are not given up: this is where the time would go.
    wanted: dict[str, set[_Name]] = {}
    for name, paths in naming.items():
        for path in paths if len(paths) <= MOST_FILES else ():
            wanted.setdefault(path, set()).add(name)
    found: dict[_Name, dict[Place, None]] = {name: {} for name in tests}
    for path, names in wanted.items():
        facts = modules.facts(path)
        for name, place in _naming(facts, names) if isinstance(facts, r.ModuleFacts) else ():
            found[name].setdefault(place)
    yield from dict.fromkeys(place for places in found.values() for place in places)


def _as_called(name: _Name) -> Callable[[str], bool]:
    """The test of a text whether the name may be called in it, or stand as a decorator or a command's name."""
    word = re.escape(name.name)
    # The word comes first, and what may not stand before it later: a search jumps to a pattern's first letters.
    called = re.compile(rf"{word}(?<!\w{word})(?<!def {word})(?<!class {word})\s*(?:[(\\#]|\)\s*\()").search
    marked = re.compile(rf"@[^\n]*\b{word}\b").search
    command = re.compile(rf"(['\"]){word}\1").search if name.near == _COMMAND else None
    return lambda text: bool(called(text) or marked(text) or (command and command(text)))


def _name_of(place: Place) -> _Name:
    """By what a function is called: its name, its class's for what an object of it does by itself, a command's."""
    function, path = place.function, place.module.path.replace("\\", "/")
    if isinstance(function.owner, r.ClassFact):
        if function.name == "handle" and _COMMANDS in path:
            return _Name(last(place.module.path).removesuffix(".py"), _COMMAND)
        if function.name.startswith("__"):
            return _Name(function.owner.name, function.owner.name)
        return _Name(function.name, function.name)
    module = last(place.module.path).removesuffix(".py")
    return _Name(function.name, last(parent(place.module.path)) if module == "__init__" else module)


def _naming(facts: r.ModuleFacts, names: set[_Name]) -> Iterator[tuple[_Name, Place]]:
    wanted: dict[str, list[_Name]] = {}
    for name in names:
        wanted.setdefault(name.name, []).append(name)
    for call, scope in facts.calls:
        written = last_name(call.func)
        keys = [written]
        if written == _COMMAND and call.args and isinstance(call.args[0], r.Const):
            keys.append(str(call.args[0].value))
        for key in keys:
            if key in wanted:
                root = outermost(scope)
                if isinstance(root, r.Function):
                    yield from ((name, Place(facts, root)) for name in wanted[key])
    for function in facts.functions:
        for mark in function.decorators:
            if (key := last_name(callee(mark))) in wanted:
                root = outermost(function)
                if isinstance(root, r.Function):
                    yield from ((name, Place(facts, root)) for name in wanted[key])
