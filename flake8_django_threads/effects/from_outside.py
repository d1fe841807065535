"""Spawns as met from functions of other files that call into this one from inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from flake8_django_threads.effects.callers import Place, calling
from flake8_django_threads.effects.explore import LIMITS, aside, outer_function, outermost, run_symbolically
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name, words
from flake8_django_threads.values.domain import Func
from flake8_django_threads.values.interpreter import Interpreter, SpawnEvent
from flake8_django_threads.values.transactions import Block, Start

DEPTH, STEPS, MOST_CALLERS = 6, 20_000, 12
# Calls inside the file between the function that others call and the one that spawns.
CHAIN = 2
ATOMIC = "atomic"

Seen: TypeAlias = dict[r.At, list["Met"]]


class Met(NamedTuple):
    """A spawn with the calls that start its thread."""

    event: SpawnEvent
    starts: tuple[Start, ...]


class FromOutside:
    """Answers for one file after the other. ``surveyed`` are the roots of the projects whose files may be looked
    through, ``decorated`` gives the transactions that a function's decorators open."""

    def __init__(
        self, run: Interpreter, surveyed: Collection[str], decorated: Callable[[Func], tuple[Block, ...]]
    ) -> None:
        self._run = run
        self._surveyed = surveyed
        self._decorated = decorated
        self._atomic: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, Seen] = {}

    def events(self, module: r.ModuleFacts, scope: r.Scope, at: r.At) -> list[Met]:
        """The spawns that stand at ``at`` in ``scope``, or below the call that stands there, with what is around."""
        root = outermost(scope)
        project = self._run.resolver.project_root(module.path)
        if not isinstance(root, r.Function) or project not in self._surveyed:
            return []
        key = f"{module.path}:{root.at}"
        if key not in self._seen:
            self._seen[key] = self._of(module, root, project)
        return self._seen[key].get(at, [])

    def _of(self, module: r.ModuleFacts, root: r.Function, project: str) -> Seen:
        found: Seen = {}
        begin = [Place(module, function) for function in _chain(module, root)]
        outside = (place for place in calling(self._run.modules, self._files(project), begin) if self._opens(place))
        for index, place in enumerate(outside):
            if index == MOST_CALLERS:
                break
            if place.module is not module:
                for met in self._met(place):
                    for frame, called_at in met.event.stack:
                        if frame.module is module:
                            found.setdefault(called_at, []).append(met)
        return found

    def _files(self, project: str) -> tuple[str, ...]:
        if project not in self._atomic:
            run = self._run
            self._atomic[project] = tuple(
                path for path in run.resolver.files(project) if ATOMIC in run.modules.text(path)
            )
        return self._atomic[project]

    def _opens(self, place: Place) -> bool:
        return any(ATOMIC in word for word in words(place.function.body) | words(place.function.decorators))

    def _met(self, place: Place) -> Iterable[Met]:
        """Run the function for its spawns; what runs in their threads is known already."""
        run = self._run
        events: list[SpawnEvent] = []
        with aside(run):
            run.on_spawn = events.append
            with suppress(*LIMITS):
                func = outer_function(place.module, place.function)
                run.blocks = self._decorated(func)
                run_symbolically(run, func, DEPTH, STEPS)
            starts = run.starts
        return [Met(event, tuple(start for start in starts if start.thread == event.thread)) for event in events]


def _chain(module: r.ModuleFacts, root: r.Function) -> Iterator[r.Function]:
    """A function and those of its file that call it, directly or through others."""
    seen = {root: None}
    for _ in range(CHAIN):
        names = {function.name for function in seen}
        callers = (outermost(scope) for call, scope in module.calls if last_name(call.func) in names)
        seen.update(dict.fromkeys(caller for caller in callers if isinstance(caller, r.Function)))
    yield from seen
