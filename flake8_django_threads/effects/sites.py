"""A spawn site and what the code that runs there does to each connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flake8_django_threads.base import Definition, Span, Step
from flake8_django_threads.effects.bits import NEVER, OPEN, REOPENED, exits
from flake8_django_threads.effects.detour import Turn, place
from flake8_django_threads.effects.evidence import Found, leaves
from flake8_django_threads.effects.fold import RESTS, STUCK, Folder, Outcome
from flake8_django_threads.effects.surroundings import NOWHERE, Surroundings
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import Node

# What is wrong with a connection, the most telling first: of one spawn only the first is reported.
KEPT = "kept"  # the only closes are conditional, and the settings make them keep it
FORGOTTEN = "forgotten"  # only another alias is closed
WAITING = "waiting"  # an endless loop waits with it open, and no round closes it
REOPENED_AFTER = "reopened"  # every plain way out has a close and then a query
NEVER_CLOSED = "never closed"  # no close at all
SKIPPED = "skipped"  # there is a close, and something gets past it
FAULTS = (KEPT, FORGOTTEN, WAITING, REOPENED_AFTER, NEVER_CLOSED, SKIPPED)


class Connection(NamedTuple):
    """What the code does to one alias. ``touch`` is the nearest evidence, ``close`` the nearest close that covers it.

    The states are those in which the thread may leave (or, in an endless loop, wait between rounds) with the
    connection open: ``plain`` without an exception, ``raised`` with one; OPEN or REOPENED. ``stuck`` are those in which
    it waits in an endless loop whose rounds close nothing. ``ends`` is False for code that stays in an endless loop.
    ``kept``: it is open only because the settings make the conditional closes keep it.
    """

    alias: str
    touch: Found
    close: Found | None
    other_close: Found | None
    plain: frozenset[int]
    raised: frozenset[int]
    ends: bool
    stuck: frozenset[int] = frozenset()
    kept: bool = False

    @property
    def leaks(self) -> bool:
        """Whether some way out, or a wait that never ends, leaves it open."""
        return bool(self.plain or self.raised or self.stuck)

    @property
    def fault(self) -> str:
        """What is wrong with it, one of FAULTS; empty where nothing is."""
        if not self.leaks:
            return ""
        if self.kept and self.close is not None and _is_conditional(self.close):
            return KEPT
        if self.close is None and self.other_close is not None:
            return FORGOTTEN
        if self.stuck:
            return WAITING
        if self.close is None:
            return NEVER_CLOSED
        return REOPENED_AFTER if self.plain and OPEN not in self.plain else SKIPPED

    @property
    def is_elsewhere(self) -> bool:
        """Whether the thread that all coroutines share opens it, where no close of this one reaches."""
        return isinstance(self.touch.leaf, flow.Touch) and self.touch.leaf.elsewhere


class SpawnSite(NamedTuple):
    """A place that makes code run in another thread, and what is known of that code.

    ``kind``: "thread" (ends after the entry), "pool" or "loop" (the worker lives on). ``connections`` are the touched
    aliases, the one to report first. ``trail`` leads from the spawn to its touch; ``detour`` is the shortest way past
    the close, and ``steps`` tell it as evidence. ``unknown`` is why the entry is not known;
    empty if it is. ``through`` names the helper of the project that the site calls, and ``inner`` is the argument in it
    that makes the thread, or the target that a class of threads gives to its base itself. ``around`` is the place of
    the spawn. ``at_run``: the entry is a ``run`` method whose own site says what the code does; this one tells where it
    starts. ``row`` is a line of TOML that would make the function around an unknown entry a spawner. ``only_closes`` is
    the path of the close that is all the code does, and ``callback`` the call that adds the done-callback by which
    alone the job is closed.
    """

    span: Span
    kind: str
    entry_name: str
    entry: Definition | None
    target: Span | None
    connections: tuple[Connection, ...]
    trail: tuple[Step, ...]
    unknown: str
    reasons: frozenset[str]
    root: str
    through: str = ""
    inner: Span | None = None
    detour: tuple[Turn, ...] = ()
    steps: tuple[Step, ...] = ()
    around: Surroundings = NOWHERE
    at_run: bool = False
    row: str = ""
    only_closes: str = ""
    callback: Span | None = None

    @property
    def leak(self) -> Connection | None:
        """The connection to report: that with the most telling fault. None where a test's double takes the query."""
        return reported(self.connections) if not self.around.doubled else None

    @property
    def touched(self) -> Connection | None:
        """The connection whose touch the trail leads to: the one to report, else any."""
        return self.leak or next(iter(self.connections), None)

    def seen(self, found: Found) -> str:
        """Where a leaf stands, in words of a message about this file: ``line 31``, or ``jobs.py:31`` elsewhere."""
        return place(found.leaf.at, found.path, self.root)


_LEAKING = frozenset({OPEN, REOPENED})


def reported(found: tuple[Connection, ...]) -> Connection | None:
    """The connection of those found whose fault is the most telling."""
    return next((c for c in found if c.leaks), None)


def connections(tree: Node, path: str, keeps: Callable[[str], bool] = lambda _: False) -> tuple[Connection, ...]:
    """What running ``tree``, which stands in the file ``path``, does to each alias that it touches.

    ``keeps`` tells whether the settings give an alias a CONN_MAX_AGE other than 0; it is asked only where that matters.
    """
    found = list(leaves(tree, path))
    aliases = dict.fromkeys(f.leaf.alias for f in found if isinstance(f.leaf, flow.Touch))
    closes = [f for f in found if isinstance(f.leaf, flow.Close)]
    result = []
    for alias in aliases:
        touch = next(f for f in found if isinstance(f.leaf, flow.Touch) and f.leaf.alias == alias)
        covering = [f for f in closes if f.leaf.alias in (alias, flow.ALL) or alias == "?"]
        other = next((f for f in closes if f not in covering), None)
        judged = _judged(alias, Folder(alias).fold(tree), touch, covering, other)
        conditional = [f for f in covering if _is_conditional(f)]
        if conditional and judged.ends and not judged.plain and keeps(alias):
            kept = _judged(alias, Folder(alias, keeps=True).fold(tree), touch, covering, other)
            real = next((f for f in covering if f not in conditional), None)
            if kept.plain or (kept.raised and not judged.raised):
                skips = real is not None and (OPEN in kept.plain or not kept.plain)
                judged = kept._replace(kept=True, close=real if skips else conditional[0])
        result.append(judged)
    return tuple(
        sorted(result, key=lambda c: (FAULTS.index(c.fault) if c.leaks else len(FAULTS), c.alias != flow.DEFAULT))
    )


def _is_conditional(found: Found) -> bool:
    return isinstance(found.leaf, flow.Close) and found.leaf.how != ""


def _judged(alias: str, outcome: Outcome, touch: Found, covering: list[Found], other_close: Found | None) -> Connection:
    left = outcome.plain
    ends = left != NEVER or RESTS not in outcome.jumps
    if not covering:
        # A loop that never ends and closes in each round holds the connection between rounds on purpose, or for
        # one round too long; only where nothing ever closes it is it lost.
        left |= outcome.jumps.get(RESTS, NEVER)
    stuck = frozenset[int]() if ends else exits(outcome.jumps.get(STUCK, NEVER)) & _LEAKING
    close = covering[0] if covering else None
    return Connection(
        alias, touch, close, other_close, exits(left) & _LEAKING, exits(outcome.raised) & _LEAKING, ends, stuck
    )
