"""Folding a flow tree into bits: for one database alias, the relation at each kind of exit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from flake8_django_threads.effects.bits import ASSUME_OPEN, ASSUME_SHUT, CLOSE, NEVER, SAME, TOUCH, closure, then
from flake8_django_threads.values import flow
from flake8_django_threads.values.flow import ANY, Kind, Node, Summary

Raises: TypeAlias = dict[Kind, int]
RESTS = "rests"
_CLOSED: Kind = ("GeneratorExit", "BaseException")
_Key = TypeVar("_Key", str, Kind)


@dataclass(slots=True)
class Outcome:
    """The relations at the ways out of a node: its end, a jump of each kind, and each kind of exception."""

    end: int = NEVER
    jumps: dict[str, int] = field(default_factory=dict)
    raises: Raises = field(default_factory=dict)


class Effect(NamedTuple):
    """What calling a function does: the relation on return, on each kind of exception, and between the rounds of a
    loop that never ends."""

    returns: int = NEVER
    raises: tuple[tuple[Kind, int], ...] = ()
    rests: int = NEVER

    @property
    def raised(self) -> int:
        """The relation on any exception."""
        joined = NEVER
        for _, relation in self.raises:
            joined |= relation
        return joined


class Folder:
    """Folds trees for one alias; remembers the effect of each summary. A cycle is repeated until it adds no bit."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
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
            returns = outcome.end | outcome.jumps.get("return", NEVER)
            found = Effect(returns, tuple(sorted(outcome.raises.items())), outcome.jumps.get(RESTS, NEVER))
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
                return Outcome(TOUCH, raises={ANY: TOUCH})
            case flow.Close():
                if node.alias in (self.alias, flow.ALL) or self.alias == "?":
                    return Outcome(CLOSE, raises={})
                return Outcome(SAME)
            case flow.MayRaise():
                return Outcome(SAME, raises={ANY: SAME})
            case flow.Invoke():
                effect = self.effect(node.summary)
                jumps = {RESTS: effect.rests} if effect.rests else {}
                return Outcome(effect.returns, jumps, dict(effect.raises))
            case flow.AssumeShut():
                return Outcome(ASSUME_SHUT)
            case flow.Branch():
                result = Outcome()
                shut = [_asks_for_shut(arm) for arm in node.arms]
                for arm, is_shut in zip(node.arms, shut, strict=True):
                    outcome = self.fold(arm, yielding)
                    # The other outcome of the test means that the connection is open.
                    _join(result, _after(Outcome(ASSUME_OPEN), outcome) if any(shut) and not is_shut else outcome)
                return result
            case flow.Jump():
                return Outcome(jumps={node.kind: SAME})
            case flow.Raise():
                return Outcome(raises={node.kind: SAME})
            case flow.YieldPoint():
                return yielding if yielding is not None else Outcome(SAME)
            case flow.Loop():
                return self._loop(node, yielding)
            case flow.Try():
                return self._try(node, yielding)
            case flow.With():
                return self._with(node, yielding)
            case flow.WithGenerator():
                return self._with_generator(node, yielding)
            case flow.ForGenerator():
                return self._for_generator(node, yielding)

    def _sequence(self, items: tuple[Node, ...], yielding: Outcome | None) -> Outcome:
        result = Outcome(SAME)
        for item in items:
            if result.end == NEVER:
                break
            result = _after(result, self.fold(item, yielding))
        return result

    def _loop(self, node: flow.Loop, yielding: Outcome | None) -> Outcome:
        head = self.fold(node.head, yielding)
        body = self.fold(node.body, yielding)
        once = _after(head, body)
        round_ = once.end | once.jumps.get("continue", NEVER)
        many = closure(round_)
        result = Outcome()
        # Where a round may begin; where the loop may end by itself.
        begins = many
        leaves = then(begins, head.end)
        if node.at_least_once and not node.endless:
            leaves = then(then(round_, many), head.end)
        if node.endless:
            # Such a thread rests in its loop: the state between two rounds is as good as an exit.
            leaves = NEVER
            _add(result.jumps, RESTS, then(begins, round_))
        for kind, relation in once.raises.items():
            _add(result.raises, kind, then(begins, relation))
        for jump, relation in once.jumps.items():
            if jump not in ("break", "continue"):
                _add(result.jumps, jump, then(begins, relation))
        broken = then(begins, once.jumps.get("break", NEVER))
        ending = _after(Outcome(leaves), self.fold(node.orelse, yielding))
        _join(result, ending)
        result.end |= broken
        return result

    def _try(self, node: flow.Try, yielding: Outcome | None) -> Outcome:
        body = self.fold(node.body, yielding)
        result = Outcome(jumps=dict(body.jumps))
        if body.end != NEVER:
            _join(result, _after(Outcome(body.end), self.fold(node.orelse, yielding)))
        handlers = [(catch.names, self.fold(catch.body, yielding)) for catch in node.handlers]
        for kind, relation in body.raises.items():
            passing = True
            for names, handled in handlers:
                certainty = catches(names, kind)
                if certainty:
                    _join(result, _after(Outcome(relation), handled))
                if certainty == 2:
                    passing = False
                    break
                kind = _without(kind, names)
            if passing:
                _add(result.raises, kind, relation)
        if node.final == flow.NOTHING:
            return result
        return _finally(result, self.fold(node.final, yielding))

    def _with(self, node: flow.With, yielding: Outcome | None) -> Outcome:
        enter = self.fold(node.enter, yielding)
        body = self.fold(node.body, yielding)
        leave = self.fold(node.leave, yielding)
        on_exception = self.fold(node.leave_on_exception, yielding)
        left = Outcome()
        _join(left, _after(Outcome(body.end), leave))
        for kind, relation in body.jumps.items():
            if kind == RESTS:
                _add(left.jumps, kind, relation)
                continue
            after = _after(Outcome(relation), leave)
            _add(left.jumps, kind, after.end)
            _merge_exits(left, after)
        for raised, relation in body.raises.items():
            after = _after(Outcome(relation), on_exception)
            _merge_exits(left, after)
            certainty = catches(node.swallows, raised) if node.swallows != () else 0
            if certainty or node.may_swallow:
                left.end |= after.end
            if certainty != 2:
                _add(left.raises, _without(raised, node.swallows), after.end)
        return _after(enter, left)

    def _with_generator(self, node: flow.WithGenerator, yielding: Outcome | None) -> Outcome:
        """Run the generator's tree with the body in place of its yield; the body's jumps leave it as an end does."""
        body = self.fold(node.body, yielding)
        if node.summary in self._entered:
            # A manager that enters itself: the inner round is cut, as if it did nothing around the body.
            return _after(Outcome(SAME, raises={ANY: SAME}), body)
        self._entered.add(node.summary)
        try:
            return self._around(node.summary.tree, body)
        finally:
            self._entered.discard(node.summary)

    def _around(self, tree: Node, body: Outcome) -> Outcome:
        result = Outcome()
        plain = self.fold(tree, Outcome(body.end, raises=dict(body.raises)))
        result.end |= plain.end | plain.jumps.get("return", NEVER)
        for kind, relation in plain.raises.items():
            _add(result.raises, kind, relation)
        for jump, relation in body.jumps.items():
            if jump == RESTS:
                _add(result.jumps, jump, self.fold(tree, Outcome(NEVER, {jump: relation})).jumps.get(jump, NEVER))
                continue
            left = self.fold(tree, Outcome(relation))
            _add(result.jumps, jump, left.end | left.jumps.get("return", NEVER))
            for kind, raised in left.raises.items():
                _add(result.raises, kind, raised)
        return result

    def _for_generator(self, node: flow.ForGenerator, yielding: Outcome | None) -> Outcome:
        """Run the generator's tree with the body in place of its yield; where the body leaves, it is closed."""
        body = self.fold(node.body, yielding)
        result = Outcome()
        left: list[tuple[str, Kind, int]] = []
        for jump, relation in body.jumps.items():
            if jump not in ("continue", RESTS):
                left.append((jump, (), relation))
        for kind, relation in body.raises.items():
            left.append(("", kind, relation))
        # Closing is an exception at the yield; its kind says which way the body left.
        closing: Raises = {(*_CLOSED, str(index)): relation for index, (*_, relation) in enumerate(left)}
        again = body.end | body.jumps.get("continue", NEVER)
        rests = {RESTS: body.jumps[RESTS]} if RESTS in body.jumps else {}
        run = self.fold(node.summary.tree, Outcome(again, rests, closing))
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
        ended = run.end | run.jumps.get("return", NEVER)
        _add(result.jumps, RESTS, run.jumps.get(RESTS, NEVER))
        _join(result, _after(Outcome(ended), self.fold(node.orelse, yielding)))
        return result


def _asks_for_shut(arm: Node) -> bool:
    first = arm.items[0] if isinstance(arm, flow.Seq) and arm.items else arm
    return isinstance(first, flow.AssumeShut)


def catches(names: tuple[str, ...] | None, kind: Kind) -> int:
    """How sure it is that a handler for ``names`` catches ``kind``: 0 not, 1 perhaps, 2 surely."""
    if names is None:
        return 2
    if kind[0] == ANY[0]:
        # SystemExit and KeyboardInterrupt apart, everything that a call raises is an Exception.
        return 2 if "Exception" in names else 0 if set(names) <= set(kind) else 1
    if any(name in kind for name in names):
        return 2
    if "?" in kind or "?" in names:
        return 1
    return 0


def _without(kind: Kind, names: tuple[str, ...] | None) -> Kind:
    """What is left of ``kind`` behind a handler for ``names``: anything at all is then anything but these."""
    if kind[0] != ANY[0]:
        return kind
    return (*ANY, *sorted({*kind[1:], *(names or ())} - {"?"}))


def _after(first: Outcome, second: Outcome) -> Outcome:
    result = Outcome(then(first.end, second.end), dict(first.jumps), dict(first.raises))
    for jump, relation in second.jumps.items():
        _add(result.jumps, jump, then(first.end, relation))
    for kind, relation in second.raises.items():
        _add(result.raises, kind, then(first.end, relation))
    return result


def _finally(outcome: Outcome, final: Outcome) -> Outcome:
    """Run ``final`` on every way out; its own jumps and exceptions replace what was under way."""
    result = Outcome()
    after = _after(Outcome(outcome.end), final)
    result.end = after.end
    _merge_exits(result, after)
    for jump, relation in after.jumps.items():
        _add(result.jumps, jump, relation)
    for jump, relation in outcome.jumps.items():
        if jump == RESTS:
            _add(result.jumps, jump, relation)
            continue
        left = _after(Outcome(relation), final)
        _add(result.jumps, jump, left.end)
        _merge_all(result, left)
    for kind, relation in outcome.raises.items():
        left = _after(Outcome(relation), final)
        _add(result.raises, kind, left.end)
        _merge_all(result, left)
    return result


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
