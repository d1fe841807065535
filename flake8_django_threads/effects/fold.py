"""Folding a flow tree into bits: for one database alias, the relation at each kind of exit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from flake8_django_threads.effects import bits
from flake8_django_threads.effects.bits import (
    ASSUME_OPEN,
    ASSUME_SHUT,
    CLOSE,
    NEVER,
    SAME,
    SHUT_STAYS,
    TOUCH,
    TOUCH_IN_BLOCK,
)
from flake8_django_threads.effects.evidence import leaves
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import ANY, Kind, Node, Summary

Raises: TypeAlias = dict[Kind, int]
# Observations, not ways out: the state between two rounds of an endless loop, at a call that waits, and at one that
# waits inside an endless loop whose rounds close nothing; the state with which another process begins.
RESTS, WAITS, STUCK, FORKS = "rests", "waits", "stuck", "forks"
_OBSERVED = (RESTS, WAITS, STUCK, FORKS)
_CLOSED: Kind = ("GeneratorExit", "BaseException")
_GROUP: Kind = ("ExceptionGroup", "Exception", "BaseException")
_MAY_BE_GROUPS = (ANY[0], _GROUP[0])
_Key = TypeVar("_Key", str, Kind, tuple[str, Kind])


@dataclass(slots=True)
class Outcome:
    """The relations at the ways out of a node: its end, a jump of each kind, and each kind of exception."""

    end: int = NEVER
    jumps: dict[str, int] = field(default_factory=dict)
    raises: Raises = field(default_factory=dict)

    @property
    def plain(self) -> int:
        """The relation on return, whether it is written or not."""
        return self.end | self.jumps.get("return", NEVER)

    @property
    def raised(self) -> int:
        """The relation on any exception."""
        return _joined(self.raises.values())


class Effect(NamedTuple):
    """What calling a function does: the relation on return and on each kind of exception, and what was observed."""

    returns: int = NEVER
    raises: tuple[tuple[Kind, int], ...] = ()
    observed: tuple[tuple[str, int], ...] = ()

    @property
    def raised(self) -> int:
        """The relation on any exception."""
        return _joined(relation for _, relation in self.raises)


class Folder:
    """Folds trees for one alias; remembers the effect of each summary. A cycle is repeated until it adds no bit.

    ``keeps``: the alias has a CONN_MAX_AGE under which a conditional closer shuts no healthy connection.
    """

    def __init__(self, alias: str, keeps: bool = False) -> None:
        self.alias = alias
        self.keeps = keeps
        self._effects: dict[Summary, Effect] = {}
        self._under_way: list[Summary] = []
        self._provisional: dict[Summary, Effect] = {}
        self._used: set[Summary] = set()
        self._entered: set[Summary] = set()

    def effect(self, summary: Summary) -> Effect:
        """The effect of calling the function; in a cycle, what is known of it so far."""
        known = self._effects.get(summary)
        if known is not None:
            return known
        if summary in self._provisional:
            self._used.add(summary)
            return self._provisional[summary]
        current = Effect()
        self._under_way.append(summary)
        while True:
            self._provisional[summary] = current
            self._used.discard(summary)
            outcome = self.fold(summary.tree)
            observed = tuple((jump, outcome.jumps[jump]) for jump in _OBSERVED if jump in outcome.jumps)
            found = Effect(outcome.plain, tuple(sorted(outcome.raises.items())), observed)
            if summary not in self._used or found == current:
                break
            current = found
        self._under_way.pop()
        del self._provisional[summary]
        # Inside somebody else's cycle the answer may still grow, so it is not kept.
        if not any(head in self._used for head in self._under_way):
            self._effects[summary] = found
        return found

    def fold(self, node: Node, yielding: Outcome | None = None) -> Outcome:
        """The outcome of running ``node``; a yield point has the outcome ``yielding`` (by default, nothing happens)."""
        match node:
            case flow.Seq():
                return self._sequence(node.items, yielding)
            case flow.Touch():
                if node.alias != self.alias:
                    return Outcome(SAME, raises={ANY: SAME})
                # The connection is opened before the query can fail; it may also fail to open.
                opened = self.mark(TOUCH_IN_BLOCK if node.in_block else TOUCH, "queries", node)
                refused = SHUT_STAYS if node.in_block else NEVER
                failed = ASSUME_SHUT if node.only_opens else opened | refused
                return Outcome(opened, raises={ANY: self.mark(failed, "raises", node)})
            case flow.Close():
                return Outcome(self.mark(CLOSE, "closes", node) if self.shuts(node) else SAME)
            case flow.Wait():
                return Outcome(SAME, {WAITS: self.mark(SAME, "waits", node)})
            case flow.Fork():
                return Outcome(SAME, {FORKS: SAME})
            case flow.MayRaise():
                return Outcome(SAME, raises={ANY: self.mark(SAME, "raises", node)})
            case flow.Invoke():
                effect = self.effect(node.summary)
                return Outcome(effect.returns, dict(effect.observed), dict(effect.raises))
            case flow.AssumeShut():
                return Outcome(ASSUME_SHUT)
            case flow.Branch():
                result = Outcome()
                shut = [_asks_for_shut(arm) for arm in node.arms]
                for arm, is_shut in zip(node.arms, shut, strict=True):
                    outcome = self.arm(node, arm, yielding)
                    # The other outcome of the test means that the connection is open.
                    _join(result, self._after(Outcome(ASSUME_OPEN), outcome) if any(shut) and not is_shut else outcome)
                return result
            case flow.Jump():
                return Outcome(jumps={node.kind: self.mark(SAME, node.kind, node)})
            case flow.Raise():
                return Outcome(raises={node.kind: self.mark(SAME, "raises", node)})
            case flow.YieldPoint():
                return yielding if yielding is not None else Outcome(SAME)
            case flow.Loop():
                return self.loop(node, yielding)
            case flow.Rounds():
                return self._rounds(node, yielding)
            case flow.Try():
                return self._try(node, yielding)
            case flow.With():
                return self._with(node, yielding)
            case flow.WithGenerator():
                return self._with_generator(node, yielding)
            case flow.ForGenerator():
                return self._for_generator(node, yielding)

    def shuts(self, close: flow.Close) -> bool:
        """Whether the close covers the alias and shuts a healthy connection of it."""
        return (close.alias in (self.alias, flow.ALL) or self.alias == "?") and not (close.how and self.keeps)

    def closes_in(self, node: Node) -> bool:
        """Whether there is a close below ``node`` that covers the alias, be it conditional or unsure."""
        return any(
            isinstance(found.leaf, flow.Close) and (found.leaf.alias in (self.alias, flow.ALL) or self.alias == "?")
            for found in leaves(node, "")
        )

    # What an heir that wants to know more than the states replaces.

    def then(self, first: int, second: int) -> int:
        """The relation of ``first`` followed by ``second``."""
        return bits.then(first, second)

    def closure(self, round_: int) -> int:
        """The relation of any number of rounds, none included."""
        return bits.closure(round_)

    def mark(self, relation: int, event: str, node: Node) -> int:  # noqa: ARG002
        """The relation, told what happens on its way: "queries", "closes", "waits", "raises", "return", "loop"..."""
        return relation

    def arm(self, branch: flow.Branch, arm: Node, yielding: Outcome | None) -> Outcome:  # noqa: ARG002
        """The outcome of one arm of a branch."""
        return self.fold(arm, yielding)

    def generator(self, summary: Summary, yielding: Outcome) -> Outcome:
        """The outcome of a generator's body whose yields have the outcome ``yielding``."""
        return self.fold(summary.tree, yielding)

    def loop(self, node: flow.Loop, yielding: Outcome | None) -> Outcome:
        """The outcome of a loop."""
        return self._loop(node, yielding)

    def _after(self, first: Outcome, second: Outcome) -> Outcome:
        result = Outcome(self.then(first.end, second.end), dict(first.jumps), dict(first.raises))
        for jump, relation in second.jumps.items():
            _add(result.jumps, jump, self.then(first.end, relation))
        for kind, relation in second.raises.items():
            _add(result.raises, kind, self.then(first.end, relation))
        return result

    def _finally(self, outcome: Outcome, final: Outcome) -> Outcome:
        """Run ``final`` on every way out; its own jumps and exceptions replace what was under way."""
        result = Outcome()
        after = self._after(Outcome(outcome.end), final)
        result.end = after.end
        _merge_exits(result, after)
        for jump, relation in after.jumps.items():
            _add(result.jumps, jump, relation)
        for jump, relation in outcome.jumps.items():
            if jump in _OBSERVED:
                _add(result.jumps, jump, relation)
                continue
            left = self._after(Outcome(relation), final)
            _add(result.jumps, jump, left.end)
            _merge_all(result, left)
        for kind, relation in outcome.raises.items():
            left = self._after(Outcome(relation), final)
            _add(result.raises, kind, left.end)
            _merge_all(result, _unseen(kind, left))
        return result

    def _sequence(self, items: tuple[Node, ...], yielding: Outcome | None) -> Outcome:
        result = Outcome(SAME)
        for item in items:
            if result.end == NEVER:
                break
            result = self._after(result, self.fold(item, yielding))
        return result

    def _loop(self, node: flow.Loop, yielding: Outcome | None) -> Outcome:
        head = self.fold(node.head, yielding)
        body = self.fold(node.body, yielding)
        once = self._after(head, body)
        round_ = once.end | once.jumps.get("continue", NEVER)
        result = Outcome()
        # Where a round may begin; where the loop may end by itself.
        begins = self.closure(round_)
        done = self.then(round_, begins)
        if not node.at_least_once:
            done |= self.mark(SAME, "loop", node)
        ended = self.then(done, head.end)
        if node.endless:
            # Such a thread rests in its loop: the state between two rounds is as good as an exit.
            ended = NEVER
            _add(result.jumps, RESTS, done)
            waits = once.jumps.pop(WAITS, NEVER)
            if waits and not self.closes_in(node):
                _add(result.jumps, STUCK, self.then(begins, waits))
        for kind, relation in once.raises.items():
            _add(result.raises, kind, self.then(begins, relation))
        for jump, relation in once.jumps.items():
            if jump not in ("break", "continue"):
                _add(result.jumps, jump, self.then(begins, relation))
        broken = self.then(begins, once.jumps.get("break", NEVER))
        ending = self._after(Outcome(ended), self.fold(node.orelse, yielding))
        _join(result, ending)
        result.end |= broken
        return result

    def _rounds(self, node: flow.Rounds, yielding: Outcome | None) -> Outcome:
        result = Outcome(SAME)
        broken = NEVER
        for body in node.bodies:
            if result.end == NEVER:
                break
            result = self._after(result, self.fold(body, yielding))
            result.end |= result.jumps.pop("continue", NEVER)
            broken |= result.jumps.pop("break", NEVER)
        result = self._after(result, self.fold(node.orelse, yielding))
        result.end |= broken
        return result

    def _try(self, node: flow.Try, yielding: Outcome | None) -> Outcome:
        body = self.fold(node.body, yielding)
        result = Outcome(jumps=dict(body.jumps))
        if body.end != NEVER:
            _join(result, self._after(Outcome(body.end), self.fold(node.orelse, yielding)))
        handlers = [(catch, self.fold(catch.body, yielding)) for catch in node.handlers]
        for kind, relation in body.raises.items():
            if node.is_star:
                self._take_apart(result, kind, relation, handlers)
                continue
            passing = True
            for catch, handled in handlers:
                certainty = catches(catch.names, kind, catch.lines)
                if certainty:
                    _join(result, _unseen(kind, self._after(Outcome(relation), handled)))
                if certainty == 2:
                    passing = False
                    break
                kind = _without(kind, catch.names)
            if passing:
                _add(result.raises, kind, relation)
        if node.final == flow.NOTHING:
            return result
        return self._finally(result, self.fold(node.final, yielding))

    def _take_apart(
        self, result: Outcome, kind: Kind, relation: int, handlers: list[tuple[flow.Catch, Outcome]]
    ) -> None:
        """Let ``except*`` handle ``kind``: anything at all may be a group, of which each handler takes its part.

        What handlers raise, and what no handler takes, leaves together at the end: one exception as it is, several as
        a group.
        """
        # (what is left for further handlers: "all", "part" or "", and what handlers raised) -> relation
        ways: dict[tuple[str, Kind], int] = {("all", ()): relation}
        taken: set[str] = set()
        for catch, handled in handlers:
            certainty = 0 if _covered(catch, taken) else _takes(catch, kind)
            taken.update(catch.names or ())
            for (rest, raised), before in list(ways.items()) if certainty else ():
                if not rest:
                    continue
                if certainty == 2:
                    del ways[rest, raised]
                after = self._after(Outcome(before), handled)
                for jump, observed in after.jumps.items():
                    _add(result.jumps, jump, observed)
                for left in ("",) if certainty == 2 or kind[0] not in _MAY_BE_GROUPS else ("", "part"):
                    _add(ways, (left, raised), after.end)
                    for thrown, relation in after.raises.items():
                        _add(ways, (left, _GROUP if raised else thrown), relation)
        result.end |= ways.pop(("", ()), NEVER)
        untaken = _without(kind, (*taken, *(f"*{name}" for name in taken)))
        _add(result.raises, untaken, ways.pop(("all", ()), NEVER))
        for (rest, raised), relation in ways.items():
            _add(result.raises, _GROUP if rest else raised, relation)

    def _with(self, node: flow.With, yielding: Outcome | None) -> Outcome:
        enter = self.fold(node.enter, yielding)
        body = self.fold(node.body, yielding)
        leave = self.fold(node.leave, yielding)
        on_exception = self.fold(node.leave_on_exception, yielding)
        left = Outcome()
        _join(left, self._after(Outcome(body.end), leave))
        for kind, relation in body.jumps.items():
            if kind in _OBSERVED:
                _add(left.jumps, kind, relation)
                continue
            after = self._after(Outcome(relation), leave)
            _add(left.jumps, kind, after.end)
            _merge_exits(left, after)
        for raised, relation in body.raises.items():
            after = self._after(Outcome(relation), on_exception)
            _merge_exits(left, _unseen(raised, after))
            certainty = catches(node.swallows, raised, node.lines) if node.swallows != () else 0
            if certainty or node.may_swallow:
                left.end |= after.end
            if certainty != 2:
                _add(left.raises, _without(raised, node.swallows), after.end)
        return self._after(enter, left)

    def _with_generator(self, node: flow.WithGenerator, yielding: Outcome | None) -> Outcome:
        """Run the generator's tree with the body in place of its yield; the body's jumps leave it as an end does."""
        body = self.fold(node.body, yielding)
        if node.summary in self._entered:
            # A manager that enters itself: the inner round is cut, as if it did nothing around the body.
            return self._after(Outcome(SAME, raises={ANY: SAME}), body)
        self._entered.add(node.summary)
        try:
            return self._around(node.summary, body)
        finally:
            self._entered.discard(node.summary)

    def _around(self, summary: Summary, body: Outcome) -> Outcome:
        result = Outcome()
        plain = self.generator(summary, Outcome(body.end, raises=dict(body.raises)))
        result.end |= plain.plain
        for kind, relation in plain.raises.items():
            _add(result.raises, kind, relation)
        for jump, relation in body.jumps.items():
            if jump in _OBSERVED:
                _add(
                    result.jumps, jump, self.generator(summary, Outcome(NEVER, {jump: relation})).jumps.get(jump, NEVER)
                )
                continue
            left = self.generator(summary, Outcome(relation))
            _add(result.jumps, jump, left.plain)
            for kind, raised in left.raises.items():
                _add(result.raises, kind, raised)
        return result

    def _for_generator(self, node: flow.ForGenerator, yielding: Outcome | None) -> Outcome:
        """Run the generator's tree with the body in place of its yield; where the body leaves, it is closed."""
        if node.summary in self._entered:
            # A generator that iterates over itself: of the inner one only its yields are seen.
            return self.loop(flow.Loop(node.at, flow.MayRaise(node.at), node.body, node.orelse, False, False), yielding)
        body = self.fold(node.body, yielding)
        result = Outcome()
        left: list[tuple[str, Kind, int]] = []
        for jump, relation in body.jumps.items():
            if jump != "continue" and jump not in _OBSERVED:
                left.append((jump, (), relation))
        for kind, relation in body.raises.items():
            left.append(("", kind, relation))
        # Closing is an exception at the yield; its kind says which way the body left.
        closing: Raises = {(*_CLOSED, str(index)): relation for index, (*_, relation) in enumerate(left)}
        again = body.end | body.jumps.get("continue", NEVER)
        observed = {jump: body.jumps[jump] for jump in _OBSERVED if jump in body.jumps}
        self._entered.add(node.summary)
        try:
            run = self.generator(node.summary, Outcome(again, observed, closing))
        finally:
            self._entered.discard(node.summary)
        for kind, relation in run.raises.items():
            if kind[: len(_CLOSED)] != _CLOSED:
                _add(result.raises, kind, relation)
                continue
            jump, raised, _ = left[int(kind[-1])]
            if jump == "break":
                result.end |= relation
            elif jump:
                _add(result.jumps, jump, relation)
            else:
                _add(result.raises, raised, relation)
        for jump in _OBSERVED:
            _add(result.jumps, jump, run.jumps.get(jump, NEVER))
        _join(result, self._after(Outcome(run.plain), self.fold(node.orelse, yielding)))
        return result


def _joined(relations: Iterable[int]) -> int:
    joined = NEVER
    for relation in relations:
        joined |= relation
    return joined


def _asks_for_shut(arm: Node) -> bool:
    first = arm.items[0] if isinstance(arm, flow.Seq) and arm.items else arm
    return isinstance(first, flow.AssumeShut)


def catches(names: tuple[str, ...] | None, kind: Kind, lines: tuple[Kind, ...] = ()) -> int:
    """How sure it is that a handler for ``names`` catches ``kind``: 0 not, 1 perhaps, 2 surely.

    ``lines`` are the ancestors of the names, as ``flow.Catch`` has them.
    """
    if names is None:
        return 2
    if kind[0] == ANY[0]:
        # SystemExit and KeyboardInterrupt apart, everything that a call raises is an Exception.
        return 2 if "Exception" in names else 0 if _among(names, lines, set(kind)) else 1
    if any(name in kind for name in names):
        return 2
    if "?" in kind or "?" in names:
        return 1
    return 0


def _among(names: tuple[str, ...], lines: tuple[Kind, ...], caught: set[str]) -> bool:
    """Whether each of the classes, or an ancestor of it, is among those that were caught before."""
    known = {line[0]: line for line in lines}
    return all(caught.intersection(known.get(name, (name,))) for name in names)


def _covered(catch: flow.Catch, taken: set[str]) -> bool:
    """Whether the handlers above have taken all that this one names."""
    return catch.names is not None and _among(catch.names, catch.lines, taken)


def _takes(catch: flow.Catch, kind: Kind) -> int:
    """How sure it is that an ``except*`` takes all of ``kind``, or a part of it."""
    if kind[0] in _MAY_BE_GROUPS:
        # What plain handlers have caught may still be in a group, what an ``except*`` has taken (``*Stop``) may not.
        if _covered(catch, {name[1:] for name in kind if name.startswith("*")}):
            return 0
        return 2 if catch.names is None or "Exception" in catch.names else 1
    return catches(catch.names, kind, catch.lines)


def _without(kind: Kind, names: tuple[str, ...] | None) -> Kind:
    """What is left of ``kind`` behind a handler for ``names``: anything at all is then anything but these."""
    if kind[0] != ANY[0]:
        return kind
    return (*ANY, *sorted({*kind[1:], *(names or ())} - {"?"}))


def _unseen(kind: Kind, outcome: Outcome) -> Outcome:
    """What handling ``kind`` comes to: what is raised, or returned, while a generator is closed, nobody sees.

    Whoever left the generator goes on the way that he was on.
    """
    if kind[: len(_CLOSED)] != _CLOSED:
        return outcome
    joined = outcome.jumps.get("return", NEVER) | outcome.raised
    kept = {jump: relation for jump, relation in outcome.jumps.items() if jump != "return"}
    return Outcome(outcome.end, kept, {kind: joined} if joined else {})


def _merge_exits(into: Outcome, other: Outcome) -> None:
    for kind, relation in other.raises.items():
        _add(into.raises, kind, relation)


def _merge_all(into: Outcome, other: Outcome) -> None:
    _merge_exits(into, other)
    for jump, relation in other.jumps.items():
        _add(into.jumps, jump, relation)


def _join(into: Outcome, other: Outcome) -> None:
    into.end |= other.end
    _merge_all(into, other)


def _add(table: dict[_Key, int], key: _Key, relation: int) -> None:
    if relation:
        table[key] = table.get(key, NEVER) | relation
