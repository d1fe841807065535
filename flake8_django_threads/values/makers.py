"""Who makes objects of a class: what the few places of the project that do so put into their attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.project.sources import is_test
from flake8_django_threads.values import registered
from flake8_django_threads.values.domain import (
    NOTHING,
    Bound,
    Box,
    ClassValue,
    Const,
    Func,
    Instance,
    Partial,
    Unknown,
    Vals,
    Wrapped,
    join,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

# A class that more places make than these holds too much for all of it to be meant at once.
MOST_MADE = 8
# Calls that may make one, going by the name alone.
_MOST_CALLS = 40
_DEPTH, _STEPS = 6, 10_000


class Makers:
    """Finds and runs the calls that make objects of a class, once for each class; nothing while it is ``at_rest``."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self.at_rest = False
        self._made: dict[ClassValue, tuple[Instance, ...]] = {}

    def attribute(self, klass: ClassValue, name: str) -> Vals:
        """What ``name`` is in the objects of ``klass`` and the classes below it; empty where the text does not say.

        Code that an object was given to run counts in another thread only, and not in the object's own if it is one:
        else it is whoever gave the code that starts it.
        """
        if self.at_rest:
            return NOTHING
        run = self._run
        held = join(run.store.get((made, name)) or NOTHING for made in self._objects(klass))
        # A container is filled by statements around the call that makes the object, and only that call was run.
        told = frozenset(v for v in held if not isinstance(v, (Unknown, Const, Box)))
        if run.in_thread and not run.classes.is_a(klass, "threading.Thread"):
            return told
        return frozenset(v for v in told if not isinstance(v, (Func, Bound, Partial, Wrapped)))

    def _objects(self, klass: ClassValue) -> tuple[Instance, ...]:
        found = self._made.get(klass)
        if found is None:
            self._made[klass] = ()  # Making one may ask for one.
            found = self._made[klass] = self._make(klass)
        return found

    def _make(self, klass: ClassValue) -> tuple[Instance, ...]:
        from flake8_django_threads.values.interpreter import Exhausted

        run = self._run
        classes = {klass, *run.classes.subclasses(klass)}
        made: dict[Instance, None] = {}
        for count, (module, call, scope) in enumerate(self._calls({c.fact.name for c in classes}, klass.module.path)):
            if count == _MOST_CALLS:
                return ()
            with run.within(_DEPTH, _STEPS), run.detached(), suppress(Exhausted, RecursionError):
                for value in run.evaluate(registered.scope_frame(run, module, scope), call):
                    if isinstance(value, Instance) and value.klass in classes:
                        made[value] = None
            if len(made) > MOST_MADE:
                return ()
        return tuple(made)

    def _calls(self, names: set[str], home: str) -> Iterator[tuple[r.ModuleFacts, r.Call, r.Scope]]:
        """The calls of these names in the project of the file ``home``; its tests make objects of their own."""
        run = self._run
        called = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\s*\(")
        root = run.resolver.project_root(home)
        for path in run.resolver.files(root):
            if is_test(path, root) and path != home:
                continue
            text = run.modules.text(path)
            for name in names:
                if name in text:
                    break
            else:
                continue
            if not called.search(text):
                continue
            facts = run.names.facts(path)
            if facts is None:
                continue
            for call, scope in facts.calls:
                if last_name(call.func) in names:
                    yield facts, call, scope
