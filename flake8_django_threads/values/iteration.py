"""Iteration: the elements of a value, and what taking them does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    calls,
    comprehensions,
    conditions,
    enums,
    externals,
    made_classes,
)
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Instance,
    Lazy,
    Mapped,
    Pending,
    Unknown,
    Vals,
    Value,
    join,
    one,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

# A loop's rounds are run one by one where there are no more than these, all loops around it counted.
MOST_ROUNDS = 8
MOST_ROUNDS_NESTED = 16

# What one round of an iteration does with its element; False if it does not reach the end of the round.
Use: TypeAlias = "Callable[[Vals], bool]"


@dataclass(slots=True)
class Turns:
    """The rounds of an iteration in order; each runs what it is given on its element, or, of a filter, does not.

    ``exact`` turns False where a round that ran may have given its element or not.
    """

    items: list[Callable[[Use], bool]]
    exact: bool = True


def turns(run: Interpreter, values: Vals, at: r.At, frame: Frame) -> Turns | None:
    """The rounds of iterating where they are told apart and few; taking an element happens in its round."""
    if len(values) != 1:
        return None
    (value,) = values
    found = _turns(run, value, at, frame)
    if found is None or len(found.items) > MOST_ROUNDS:
        return None
    return found if len(found.items) * run.unrolled <= MOST_ROUNDS_NESTED or len(found.items) < 2 else None


def _turns(run: Interpreter, value: Value, at: r.At, frame: Frame) -> Turns | None:
    match value:
        case Box():
            held = boxes.parts(run, value)
            return None if held is None else Turns([partial(_plain, part) for part in held])
        case Mapped() if value.kind != "starmap" and all(len(part) == 1 for part in value.parts):
            inner = [_turns(run, next(iter(part)), at, frame) for part in value.parts]
            plain = [_plain_parts(run, part) for part in value.parts]
            if len(inner) == 1 and inner[0] is not None and len(inner[0].items) <= MOST_ROUNDS:
                outer = Turns([])
                outer.items = [
                    partial(_mapped_turn, run, outer, inner[0], turn, value, at, frame) for turn in inner[0].items
                ]
                return outer
            if len(plain) > 1 and value.kind == "map":
                columns = [part for part in plain if part is not None]
                if len(columns) == len(plain) and min(map(len, columns)) <= MOST_ROUNDS:
                    rows = zip(*columns, strict=False)
                    return Turns([partial(_called_turn, run, value, row, at, frame) for row in rows])
        case Lazy():
            return comprehensions.lazy_turns(run, value)
        case Instance():
            box = _items_of(run, value)
            return _turns(run, box, at, frame) if box is not None else None
    return None


def _items_of(run: Interpreter, value: Instance) -> Box | None:
    """What iterating over a named tuple, or over an object of a container's subclass, goes through."""
    named = made_classes.as_tuple(run, value)
    if isinstance(named, Box):
        return named
    inner = attributes.held_box(run, value)
    return inner if inner is not None and attributes.lookup(run, value.klass, "__iter__") is None else None


def _plain_parts(run: Interpreter, values: Vals) -> list[Vals] | None:
    (value,) = values
    return boxes.parts(run, value) if isinstance(value, Box) else None


def _plain(part: Vals, use: Use) -> bool:
    return use(part)


def _mapped_turn(
    run: Interpreter,
    outer: Turns,
    inner: Turns,
    turn: Callable[[Use], bool],
    value: Mapped,
    at: r.At,
    frame: Frame,
    use: Use,
) -> bool:
    def taken(part: Vals) -> bool:
        if value.kind == "map":
            return use(run.call(value.function, Arguments([part]), at, frame))
        answer = run.call(value.function, Arguments([part]), at, frame) if value.function else part
        conditions.use_as_bool(run, frame, answer, at)
        decided = truth(answer)
        if decided is None:
            outer.exact = False
            return run.alternatives(at, (lambda: use(part), lambda: True))
        return use(part) if decided else True

    live = turn(taken)
    outer.exact = outer.exact and inner.exact
    return live


def _called_turn(run: Interpreter, value: Mapped, row: tuple[Vals, ...], at: r.At, frame: Frame, use: Use) -> bool:
    return use(run.call(value.function, Arguments(row), at, frame))


def collect(run: Interpreter, values: Vals, at: r.At, frame: Frame) -> tuple[list[Vals], bool]:
    """The elements that iterating to the end gives, and whether these are surely all of them, in order."""
    known = turns(run, values, at, frame)
    if known is None:
        if len(values) == 1:
            (value,) = values
            if isinstance(value, Pending) and value.kind == "generator":
                yields, told = calls.run_generator(run, value, at)
                return (list(told), True) if told is not None else ([yields], False)
            held = _plain_parts(run, values)
            if held is not None:
                return held, True
        return [elements(run, values, at, frame)], False
    found: list[Vals] = []

    def use(part: Vals) -> bool:
        found.append(part)
        return True

    run.rounds(frame, at, [partial(turn, use) for turn in known.items], ())
    return found, known.exact


def elements(run: Interpreter, values: Vals, at: r.At, frame: Frame) -> Vals:
    """The values that iterating gives; its flow is emitted."""
    if len(values) == 1:
        (value,) = values
        if isinstance(value, (Mapped, Lazy)) and turns(run, values, at, frame) is not None:
            return join(collect(run, values, at, frame)[0]) or unknown("element of an empty iterable")
        return _elements(run, value, at, frame)
    found: list[Vals] = []

    def arm(value: Value) -> bool:
        found.append(_elements(run, value, at, frame))
        return True

    run.alternatives(at, [partial(arm, value) for value in attributes.ordered(values)])
    return join(found)


def _elements(run: Interpreter, value: Value, at: r.At, frame: Frame) -> Vals:
    match value:
        case Box():
            if value.kind == "dict":
                return boxes.all_keys(run, value)
            return boxes.values(run, value) or unknown("element of a container that is not known")
        case Pending():
            if value.kind == "generator":
                return calls.run_pending(run, value, at, frame)[1]
            return unknown("iteration over a coroutine")
        case Lazy():
            return comprehensions.consume(run, value)
        case Mapped():
            return _mapped(run, value, at, frame)
        case ClassValue():
            iterator = attributes.dunder(run, value, "__iter__", (), at, frame)
            if iterator is not None:
                return elements(run, iterator, at, frame)
            return frozenset(enums.members(run, value)) or unknown("element of a class")
        case Instance():
            box = _items_of(run, value)
            if box is not None:
                return _elements(run, box, at, frame)
            iterated = attributes.dunder(run, value, "__iter__", (), at, frame)
            if iterated is not None:
                # Python asks the iterator for ``__next__``, never for another iterator.
                own = [v for v in attributes.ordered(iterated) if isinstance(v, Instance)]
                stepped = [attributes.dunder(run, v, "__next__", (), at, frame) for v in own]
                rest = iterated - frozenset(own)
                return join(
                    (
                        *(unknown("element of an object") if s is None else s for s in stepped),
                        elements(run, rest, at, frame) if rest else NOTHING,
                    )
                )
            by_async = attributes.dunder(run, value, "__aiter__", (), at, frame)
            if by_async is not None:
                own = [v for v in attributes.ordered(by_async) if isinstance(v, Instance)]
                steps = [attributes.dunder(run, v, "__anext__", (), at, frame) or NOTHING for v in own]
                found = [calls.wait_for(run, v, at, frame) for step in steps for v in attributes.ordered(step)]
                rest = by_async - frozenset(own)
                return join((*found, elements(run, rest, at, frame) if rest else NOTHING)) or unknown("element")
            item = attributes.dunder(run, value, "__getitem__", (unknown("number"),), at, frame)
            return externals.iterated(run, value, at) if item is None else item
        case Ext():
            if value.site is not None:
                run.on_library(f"{value.path}.__iter__", value, Arguments(), at, frame.code)
            return externals.iterated(run, value, at)
        case Const():
            return one(value) if isinstance(value.value, str) else unknown("element of a constant")
        case Unknown():
            run.may_raise(at)
            return one(value if value.reason.startswith("element of ") else Unknown("element of something unknown"))
    run.may_raise(at)
    return unknown("element of something that is not iterable")


def _mapped(run: Interpreter, value: Mapped, at: r.At, frame: Frame) -> Vals:
    """Call the function of a ``map`` on each element; of a ``filter``, the element itself is given."""
    parts: list[Vals] = []
    result: list[Vals] = []

    def head() -> None:
        parts[:] = [elements(run, given, at, frame) for given in value.parts]

    def body() -> bool:
        arguments = Arguments(parts)
        if value.kind == "starmap":
            arguments = Arguments()
            calls.spread(run, arguments, parts[0], at, frame)
        if value.function:
            result.append(run.call(value.function, arguments, at, frame))
        return True

    run.loop(frame, at, head, body, (), False, False)
    return (parts[0] if value.kind == "filter" and parts else join(result)) or unknown("element")


def at_least_once(run: Interpreter, values: Vals) -> bool:
    """Whether a loop over any of these surely has a first round."""
    return bool(values) and all(
        (isinstance(v, Box) and _has_items(run, v)) or (isinstance(v, Ext) and v.path in externals.ALIASES)
        for v in values
    )


def _has_items(run: Interpreter, box: Box) -> bool:
    size = boxes.length(run, box)
    return size > 0 if size >= 0 else box.size > 0
