"""Who calls a function: the functions of a project that name it, found by words first and then by what is written.

A name may mean something else where it stands, so this only says what is worth running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flake8_django_threads.effects.explore import outermost
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name
from flake8_django_threads.models.gate import Gate
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
    """The functions in these files, and in those of ``called``, that may call one of them directly, each once."""
    own = {place.module.path for place in called}
    names = {name for place in called if (name := _name_of(place)).name not in _EVERYBODYS}
    if not names:
        return
    gate = Gate(names)
    found: dict[_Name, dict[Place, None]] = {name: {} for name in names}
    for path in files:
        facts = modules.facts(path) if path in own or gate.passes(modules.text(path)) else None
        if isinstance(facts, r.ModuleFacts):
            for name, place in _naming(facts, names):
                found[name].setdefault(place)
    few = [places for places in found.values() if len({place.module for place in places}) <= MOST_FILES]
    yield from dict.fromkeys(place for places in few for place in places)


def _name_of(place: Place) -> _Name:
    """By what a function is called: its name, its class's for what an object of it does by itself, a command's."""
    function, path = place.function, place.module.path.replace("\\", "/")
    if isinstance(function.owner, r.ClassFact):
        if function.name == "handle" and _COMMANDS in path:
            return _Name(last(place.module.path).removesuffix(".py"), "call_command")
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
        if written == "call_command" and call.args and isinstance(call.args[0], r.Const):
            keys.append(str(call.args[0].value))
        root = outermost(scope)
        if isinstance(root, r.Function):
            yield from ((name, Place(facts, root)) for key in keys for name in wanted.get(key, ()))
    for function in facts.functions:
        for mark in function.decorators:
            root = outermost(function)
            if isinstance(root, r.Function):
                yield from ((name, Place(facts, root)) for name in wanted.get(last_name(callee(mark)), ()))
