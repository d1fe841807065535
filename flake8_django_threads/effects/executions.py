"""Executions: what the entry of a spawn does in the other thread, run there and then and kept as a tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from flake8_django_threads.effects.crossing import crossings
from flake8_django_threads.effects.entries import (
    entry_function,
)
from flake8_django_threads.effects.evidence import closing
from flake8_django_threads.effects.explore import (
    LIMITS,
)
from flake8_django_threads.effects.surroundings import Crossing
from flake8_django_threads.facts import records as r
from flake8_django_threads.values import flow, iteration, owned, surroundings
from flake8_django_threads.values.domain import (
    Arguments,
    Const,
    Ext,
    Frame,
    Instance,
    Unknown,
    Vals,
    Value,
    one,
)
from flake8_django_threads.values.flow import sequence
from flake8_django_threads.values.interpreter import MOST_DEPTH, MOST_STEPS, Exhausted, Interpreter, SpawnEvent
from flake8_django_threads.values.transactions import Start

FILE_STEPS, LEAST_STEPS = 160_000, 4_000
LIMIT = "limit: "


class Event(NamedTuple):
    """A spawn as met, with the tree of what runs there; ``behind`` is the function that a wrapper around it calls,
    ``starts`` are the calls that start its thread object, ``crossings`` what it uses of the connection outside,
    ``callback`` is the call that adds the done-callback by which alone the job is closed."""

    event: SpawnEvent
    tree: flow.Node
    reasons: frozenset[str]
    behind: str = ""
    starts: tuple[Start, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    callback: r.At | None = None


class Executions:
    """Runs entries, with so many steps for all those of one file."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._left = FILE_STEPS

    def begin_file(self) -> None:
        """Give the entries of the next file its steps."""
        self._left = FILE_STEPS

    def meet(self, event: SpawnEvent, met: list[Event]) -> None:
        """Run the entry as the other thread would, and keep its tree."""
        run = self._run
        if run.in_thread:
            return
        active, run.active = run.active, []
        run.in_thread += 1
        run.store.enter()
        surroundings.leave(run)
        self._let_time_pass()
        try:
            with run.writing() as items, self._budget(), self._watched(event.arguments) as crossing:
                entries = frozenset(v for v in event.callables if not isinstance(v, Const))
                if entries:
                    frame, at = event.stack[-1]
                    given = run.call(entries, event.arguments, at, frame)
                    if event.row.use == "iter":
                        iteration.elements(run, given, at, frame)
            reasons = set()
            for item in items:
                if isinstance(item, flow.Invoke):
                    reasons |= item.summary.unknown
            met.append(
                Event(event, sequence(items), frozenset(reasons), self._wrapped_name(event), (), tuple(crossing))
            )
        except LIMITS as limit:
            met.append(Event(event, flow.NOTHING, frozenset({reason_of(limit)})))
        finally:
            run.store.leave()
            run.in_thread -= 1
            run.active = active

    def start(self, thread: Value, met: list[Event]) -> None:
        """A thread object starts: by now its attributes may be set, so its body is run again."""
        for event in [e for e in met if e.event.job == thread]:
            met.remove(event)
            self.meet(event.event, met)

    def finish(self, job: Value, callbacks: Vals, frame: Frame, at: r.At, met: list[Event]) -> None:
        """A done-callback: taken to run in the worker, after the job."""
        run = self._run
        if run.in_thread:
            return
        for index, event in enumerate(met):
            if event.event.job != job:
                continue
            active, run.active = run.active, []
            run.in_thread += 1
            run.store.enter()
            try:
                with run.writing() as items, self._budget():
                    run.call(callbacks, Arguments([one(job)]), at, frame)
                after = sequence(items)
                tree = flow.Try(at, event.tree, (), flow.NOTHING, after)
                closes = any(closing(event.tree)), any(closing(after))
                callback = at if frame.module.path == event.event.stack[0][0].module.path else None
                met[index] = event._replace(tree=tree, callback=callback if closes == (False, True) else None)
            finally:
                run.store.leave()
                run.in_thread -= 1
                run.active = active

    @contextmanager
    def _watched(self, given: Arguments) -> Iterator[list[Crossing]]:
        """Run what another thread does; afterwards the list holds what of this thread's connection it used."""
        run = self._run
        found: list[Crossing] = []
        used: dict[Ext, None] = {}
        outside, memo, listener = run.made, run.memo, run.on_library

        def note(path: str, receiver: Value | None, *rest: Any) -> None:
            if owned.is_used(run, path, receiver):
                used[receiver] = None  # type: ignore[index]
            listener(path, receiver, *rest)

        run.made, run.on_library = set(), note
        if outside:
            run.memo = {}  # A call remembered from outside would give out what was made there.
        try:
            yield found
            found.extend(crossings(run, used, given, outside, run.made))
        finally:
            run.made, run.memo, run.on_library = outside, memo, listener

    def _wrapped_name(self, event: SpawnEvent) -> str:
        """Where the entry is an inner function that was made around one other function, the name of that one."""
        names: set[str] = set()
        for value in event.callables:
            entry = entry_function(value)
            frame = entry.frame if entry is not None else None
            if frame is None or frame.function is None:
                continue
            for parameter in frame.function.parameters:
                held = self._run.store.peek((frame, parameter.name)) or frozenset()
                names |= {f.function.qualname for v in held if (f := entry_function(v)) is not None}
        return names.pop() if len(names) == 1 else ""

    @contextmanager
    def _budget(self) -> Iterator[None]:
        """The steps of one entry, out of those of its file: the first sites of a file get most of them."""
        run = self._run
        with run.within(MOST_DEPTH, min(MOST_STEPS, self._left)):
            yield
            self._left = max(self._left - run.steps, LEAST_STEPS)

    def _let_time_pass(self) -> None:
        """Until the thread runs, flags and counters of objects that others know may have changed."""
        store = self._run.store
        for cell, vals in store.held().items():
            owner = cell[0]
            shared = isinstance(owner, Instance) and owner.site is None
            shared = shared or (isinstance(owner, Frame) and owner.function is None and owner.klass is None)
            if shared and all(isinstance(v, Const) for v in vals):
                store.set(cell, vals | {Unknown("state of an object")})


def reason_of(limit: Exception) -> str:
    """Why nothing is known of a body whose run was cut short."""
    return str(limit) if isinstance(limit, Exhausted) else f"{LIMIT}depth"
