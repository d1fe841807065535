"""The judgement: what is known of a spawn, from the tree of what runs in the other thread."""

from __future__ import annotations

import os
from collections.abc import Callable

from flake8_django_threads.base import Definition, Span, Step
from flake8_django_threads.effects.bits import OPEN, REOPENED
from flake8_django_threads.effects.detour import Turn, detour
from flake8_django_threads.effects.entries import (
    entry_function,
    entry_name,
    handed_over,
)
from flake8_django_threads.effects.evidence import CLOSING_NAMES, close_alone
from flake8_django_threads.effects.executions import LIMIT, Event, reason_of
from flake8_django_threads.effects.fold import STUCK
from flake8_django_threads.effects.one_worker import has_one_worker
from flake8_django_threads.effects.sites import (
    NEVER_CLOSED,
    WAITING,
    Connection,
    SpawnSite,
    connections,
    reported,
)
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.values import attributes, flow
from flake8_django_threads.values.domain import (
    Const,
    Func,
    Unknown,
)


class Judge:
    """Tells what leaks at a spawn. ``keeps`` tells of a file and an alias whether its connections are kept open."""

    def __init__(self, cwd: str, keeps: Callable[[str, str], bool]) -> None:
        self._cwd = cwd
        self._keeps = keeps

    def judge(self, module: r.ModuleFacts, shown: str, at: r.At, event: Event) -> SpawnSite:
        """The site of a spawn that stands at ``at`` in ``module``, whose name in messages is ``shown``."""
        spawn = event.event
        span = Span(shown, *at)
        values = attributes.ordered(frozenset(v for v in spawn.callables if not isinstance(v, Const)))
        entry = next((f for v in values if (f := entry_function(v)) is not None), None)
        unknown = next((v.reason for v in values if isinstance(v, Unknown)), "")
        if any(not isinstance(v, Unknown) for v in values):
            unknown = ""
        name = f"{event.behind}()" if event.behind else entry_name(entry, values)
        handed = spawn.target if at == spawn.stack[-1][1] else handed_over(module, at, entry)
        if spawn.row.entries:
            handed = None  # an object with methods, which no function can stand for
        target = Span(shown, *handed) if handed is not None else None
        definition = None
        if entry is not None:
            definition = Definition(
                entry.function.qualname, Span(self.shown_name(entry.module.path, module, shown), *entry.function.at)
            )
        reasons = event.reasons
        turns: tuple[Turn, ...] = ()
        try:
            found = connections(event.tree, module.path, lambda alias: self._keeps(module.path, alias))
            leak = reported(found)
            if leak is not None and leak.fault != NEVER_CLOSED:
                turns = _detour(event.tree, module.path, leak)
        except RecursionError as limit:
            found, reasons = (), reasons | {reason_of(limit)}
        if not found and not unknown:
            unknown = min((reason for reason in reasons if reason.startswith(LIMIT)), default="")
        through, inner = "", None
        innermost, spawned_at = spawn.stack[-1]
        if at != spawned_at or innermost.module is not module:
            helper = spawn.stack[1][0].function if len(spawn.stack) > 1 else None
            through = helper.qualname if helper is not None else ""
            if spawn.target is not None and not spawn.row.entries:
                inner = Span(self.shown_name(innermost.module.path, module, shown), *spawn.target)
        elif spawn.kept is not None:
            path, place = spawn.kept
            inner = Span(self.shown_name(path, module, shown), *place)
        return SpawnSite(
            span,
            spawn.row.kind or "thread",
            name,
            definition,
            target,
            found,
            self._trail(span, name, found, module, shown),
            unknown,
            reasons,
            module.path,
            through,
            inner,
            turns,
            tuple(Step(Span(self.shown_name(turn.path, module, shown), *turn.at), turn.text) for turn in turns),
            only_closes=close_alone(event.tree) if not unknown and _is_plain(entry, event, module) else "",
            callback=Span(shown, *event.callback) if event.callback is not None else None,
        )

    def _trail(
        self, span: Span, name: str, found: tuple[Connection, ...], module: r.ModuleFacts, shown: str
    ) -> tuple[Step, ...]:
        steps = [Step(span, f"hands {name} to another thread")]
        leak = reported(found) or next(iter(found), None)  # as SpawnSite.touched has it
        if leak is not None:
            for function, path, at in leak.touch.calls:
                steps.append(Step(Span(self.shown_name(path, module, shown), *at), f"calls {function}"))
            place = Span(self.shown_name(leak.touch.path, module, shown), *leak.touch.leaf.at)
            steps.append(Step(place, f"touches the database: {leak.touch.leaf.what}"))
        return tuple(steps)

    def shown_name(self, path: str, module: r.ModuleFacts, shown: str) -> str:
        """The name of a file in messages: as given, or seen from where the linter runs."""
        if path == module.path:
            return shown
        return path.removeprefix(self._cwd.rstrip(os.sep) + os.sep)


def _detour(tree: flow.Node, path: str, leak: Connection) -> tuple[Turn, ...]:
    """The shortest way to leave the connection open, for the states in which it is reported."""
    if leak.fault == WAITING:
        return detour(tree, path, leak.alias, leak.kept, STUCK, leak.stuck)
    states = (leak.plain or leak.raised) & {OPEN, REOPENED}
    if leak.plain and OPEN in leak.plain:
        states = frozenset({OPEN})
    return detour(tree, path, leak.alias, leak.kept, "plain" if leak.plain else "raised", states)


def _is_plain(entry: Func | None, event: Event, module: r.ModuleFacts) -> bool:
    """Whether a job is what is written for it, and nothing that closes around somebody else's function."""
    if event.behind or has_one_worker(module):
        return False
    if entry is None:
        return True
    is_alone = entry.function.name == "<lambda>" or isinstance(entry.function.owner, r.ModuleFacts)
    called = {last_name(call.func) for call, scope in entry.module.calls if scope is entry.function}
    return is_alone and not entry.function.decorators and called <= CLOSING_NAMES
