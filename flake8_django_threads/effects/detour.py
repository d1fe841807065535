"""The shortest way on which a connection is left open: what opens it, and what then gets past the close.

The same fold, over relations that remember for each pair of states the cheapest way between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Self

from flake8_django_threads.effects import bits
from flake8_django_threads.effects.bits import FRESH, NEVER, SAME
from flake8_django_threads.effects.fold import Effect, Folder, Outcome
from flake8_django_threads.facts.places import begin
from flake8_django_threads.facts.records import At
from flake8_django_threads.project.sources import last
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import Node, Summary

_COSTS = {"queries": 0, "closes": 0, "waits": 0, "raises": 3}
_JUMP = 1
_WORDS = {
    "queries": "queries at",
    "closes": "closes at",
    "waits": "waits at",
    "raises": "raises at",
    "return": "returns at",
    "break": "break at",
    "continue": "continue at",
    "branch": "past the branch at",
    "loop": "past the loop at",
}
_TURNS = ("break", "continue")


_STEPS = {
    "queries": "opens the connection",
    "closes": "closes it",
    "waits": "waits with the connection open",
    "raises": "may raise here",
    "return": "returns here",
    "break": "leaves the loop here",
    "continue": "goes on with the next round",
    "branch": "takes another branch than the one that closes",
    "loop": "runs no round of the loop that closes",
}


class Turn(NamedTuple):
    """Something on the way, and where: ``what`` is "queries" (and opens), "closes", "waits", "raises", "return",
    "break", "continue", or "branch" or "loop" (one that is left without entering the part that closes)."""

    what: str
    at: At
    path: str

    @property
    def text(self) -> str:
        """The event as a step of evidence."""
        return _STEPS[self.what]

    def told(self, path: str) -> str:
        """The event in a message about the file ``path``: ``raises at line 31``."""
        return f"{_WORDS.get(self.what, self.what)} {self.place(path)}"

    def place(self, path: str) -> str:
        """``line 31``, or ``jobs.py:31`` where it is in another file than ``path``."""
        return place(self.at, self.path, path)


def place(at: At, path: str, seen_from: str) -> str:
    """A position in the file ``path`` as a message about the file ``seen_from`` gives it."""
    return f"line {at[0]}" if path == seen_from else f"{last(path)}:{at[0]}"


class _Way(NamedTuple):
    cost: int
    events: tuple[Turn, ...]


class _Ways(int):
    """A relation, and for each (entry, exit) in it the cheapest way."""

    ways: Mapping[tuple[int, int], _Way]

    def __new__(cls, ways: Mapping[tuple[int, int], _Way]) -> Self:
        self = super().__new__(cls, sum(1 << (4 * entry + state) for entry, state in ways))
        self.ways = ways
        return self

    def __or__(self, other: int) -> _Ways:
        return _Ways(_cheapest(self.ways, _ways(other)))

    def __ror__(self, other: int) -> _Ways:
        return _Ways(_cheapest(_ways(other), self.ways))


def detour(tree: Node, path: str, alias: str, keeps: bool, kind: str, states: frozenset[int]) -> tuple[Turn, ...]:
    """The events on the cheapest way to leave ``tree`` (of the file ``path``) in one of ``states``.

    ``kind`` is the way out: "plain", "raised", or the name of an observation.
    """
    outcome = _Tracer(alias, keeps, path).fold(tree)
    if kind == "plain":
        found = outcome.plain
    elif kind == "raised":
        found = outcome.raised
    else:
        found = outcome.jumps.get(kind, NEVER)
    ways = [way for (entry, state), way in _ways(found).items() if entry == FRESH and state in states]
    return min(ways, key=lambda way: way.cost, default=_Way(0, ())).events


def departure(turns: tuple[Turn, ...], close: At, path: str) -> Turn | None:
    """What leads past ``close`` in the file ``path``: the last turn before it, else the first behind the last query."""
    opened = max((index for index, turn in enumerate(turns) if turn.what == "queries"), default=-1)
    rest = [turn for turn in turns[opened + 1 :] if turn.what not in ("queries", "closes", "waits")]
    before = [turn for turn in rest if turn.path == path and begin(turn.at) < begin(close)]
    return before[-1] if before else next(iter(rest), None)


class _Tracer(Folder):
    def __init__(self, alias: str, keeps: bool, path: str) -> None:
        super().__init__(alias, keeps)
        self._path = path
        self._closing: dict[int, tuple[Node, bool]] = {}

    def then(self, first: int, second: int) -> int:
        found: dict[tuple[int, int], _Way] = {}
        following = _ways(second)
        for (entry, middle), way in _ways(first).items():
            for state in range(4):
                rest = following.get((middle, state))
                if rest is None:
                    continue
                cost = way.cost + rest.cost
                known = found.get((entry, state))
                if known is None or cost < known.cost:
                    found[entry, state] = _Way(cost, (*way.events, *rest.events))
        return _Ways(found) if found else NEVER

    def closure(self, round_: int) -> int:
        result = _Ways(_ways(SAME))
        while True:
            more = result | self.then(result, round_)
            if {pair: way.cost for pair, way in more.ways.items()} == {p: w.cost for p, w in result.ways.items()}:
                return result
            result = more

    def mark(self, relation: int, event: str, node: Node) -> int:
        if event == "loop" and not self._closes(node):
            return relation
        cost = _COSTS.get(event, _JUMP)
        if isinstance(node, flow.Raise):
            cost = 2  # what is written is likelier than what may be
        step = Turn(event, node.at, self._path) if not isinstance(node, flow.Seq) else None
        found = {}
        for (entry, state), way in _ways(relation).items():
            matters = event != "queries" or state != entry
            events = (*way.events, step) if step is not None and matters else way.events
            found[entry, state] = _Way(way.cost + cost, events)
        return _Ways(found)

    def arm(self, branch: flow.Branch, arm: Node, yielding: Outcome | None) -> Outcome:
        outcome = super().arm(branch, arm, yielding)
        if self._closes(branch) and not self._closes(arm):
            return self._after(Outcome(self.mark(SAME, "branch", branch)), outcome)
        return outcome

    def effect(self, summary: Summary) -> Effect:
        outer, self._path = self._path, summary.path
        try:
            effect = super().effect(summary)
        finally:
            self._path = outer
        if self._closes(summary.tree):
            return effect
        # Where nothing closes, how it was left tells nothing of the close.
        return effect._replace(returns=_without(effect.returns, ("return",)))

    def generator(self, summary: Summary, yielding: Outcome) -> Outcome:
        outer, self._path = self._path, summary.path
        try:
            return super().generator(summary, yielding)
        finally:
            self._path = outer

    def loop(self, node: flow.Loop, yielding: Outcome | None) -> Outcome:
        outcome = super().loop(node, yielding)
        if not self._closes(node):
            outcome.end = _without(outcome.end, _TURNS)
            outcome.jumps = {jump: _without(relation, _TURNS) for jump, relation in outcome.jumps.items()}
            outcome.raises = {kind: _without(relation, _TURNS) for kind, relation in outcome.raises.items()}
        return outcome

    def _closes(self, node: Node) -> bool:
        if id(node) not in self._closing:
            self._closing[id(node)] = node, self.closes_in(node)
        return self._closing[id(node)][1]


def _ways(relation: int) -> Mapping[tuple[int, int], _Way]:
    if isinstance(relation, _Ways):
        return relation.ways
    nothing = _Way(0, ())
    return {(entry, state): nothing for entry in range(4) for state in bits.exits(relation, entry)}


def _cheapest(
    first: Mapping[tuple[int, int], _Way], second: Mapping[tuple[int, int], _Way]
) -> dict[tuple[int, int], _Way]:
    found = dict(first)
    for pair, way in second.items():
        if pair not in found or way.cost < found[pair].cost:
            found[pair] = way
    return found


def _without(relation: int, what: tuple[str, ...]) -> int:
    if not isinstance(relation, _Ways):
        return relation
    return _Ways(
        {
            pair: way._replace(events=tuple(event for event in way.events if event.what not in what))
            for pair, way in relation.ways.items()
        }
    )
