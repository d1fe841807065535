"""A spawn site and what the code that runs there does to each connection."""

from __future__ import annotations

from typing import NamedTuple

from flake8_django_threads.base import Definition, Span, Step
from flake8_django_threads.effects.bits import OPEN, REOPENED, exits
from flake8_django_threads.effects.evidence import Found, leaves
from flake8_django_threads.effects.fold import RESTS, Folder
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import Node


class Connection(NamedTuple):
    """What the code does to one alias. ``touch`` is the nearest evidence, ``close`` the nearest close that covers it.

    The states are those in which the thread may leave (or, in an endless loop, wait between rounds) with the
    connection open: ``plain`` without an exception, ``raised`` with one; OPEN or REOPENED. ``ends`` is False for code
    that stays in an endless loop.
    """

    alias: str
    touch: Found
    close: Found | None
    other_close: Found | None
    plain: frozenset[int]
    raised: frozenset[int]
    ends: bool

    @property
    def leaks(self) -> bool:
        """Whether some way out leaves it open."""
        return bool(self.plain or self.raised)


class SpawnSite(NamedTuple):
    """A place that makes code run in another thread, and what is known of that code.

    ``kind``: "thread" (ends after the entry), "pool" or "loop" (the worker lives on). ``connections`` are the touched
    aliases, leaking ones first. ``unknown`` is why the entry is not known; empty if it is.
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

    @property
    def leak(self) -> Connection | None:
        """The connection to report: the first that leaks."""
        return next((c for c in self.connections if c.leaks), None)


_LEAKING = frozenset({OPEN, REOPENED})


def connections(tree: Node, path: str) -> tuple[Connection, ...]:
    """What running ``tree``, which stands in the file ``path``, does to each alias that it touches."""
    found = list(leaves(tree, path))
    aliases = dict.fromkeys(f.leaf.alias for f in found if isinstance(f.leaf, flow.Touch))
    result = []
    for alias in aliases:
        touches = [f for f in found if isinstance(f.leaf, flow.Touch) and f.leaf.alias == alias]
        closes = [f for f in found if isinstance(f.leaf, flow.Close)]
        covering = [f for f in closes if f.leaf.alias in (alias, flow.ALL) or alias == "?"]
        outcome = Folder(alias).fold(tree)
        left = outcome.end | outcome.jumps.get("return", 0)
        ends = left != 0 or RESTS not in outcome.jumps
        if not covering:
            # A loop that never ends and closes in each round holds the connection between rounds on purpose, or for
            # one round too long; only where nothing ever closes it is it lost.
            left |= outcome.jumps.get(RESTS, 0)
        plain = exits(left) & _LEAKING
        joined = 0
        for relation in outcome.raises.values():
            joined |= relation
        raised = exits(joined) & _LEAKING
        if covering and not ends:
            # The same for an exception that ends such a loop behind a close: one connection of one worker that died.
            raised -= {REOPENED}
        result.append(
            Connection(
                alias,
                touches[0],
                covering[0] if covering else None,
                next((f for f in closes if f not in covering), None),
                plain,
                raised,
                ends,
            )
        )
    return tuple(sorted(result, key=lambda c: (not c.leaks, c.alias != flow.DEFAULT)))
