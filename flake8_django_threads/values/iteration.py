"""Iteration: the elements of a value, and what taking them does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, calls, enums, expressions, externals, made_classes
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
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def elements(run: Interpreter, values: Vals, at: r.At, frame: Frame) -> Vals:
    """The values that iterating gives; its flow is emitted."""
    if len(values) == 1:
        (value,) = values
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
                return attributes.dict_keys(run, value)
            return attributes.box_values(run, value) or unknown("element of a container that is not known")
        case Pending():
            if value.kind == "generator":
                return calls.run_pending(run, value, at, frame)[1]
            return unknown("iteration over a coroutine")
        case Lazy():
            return expressions.consume(run, value)
        case Mapped():
            return _mapped(run, value, at, frame)
        case ClassValue():
            return frozenset(enums.members(run, value)) or unknown("element of a class")
        case Instance():
            box = made_classes.as_tuple(run, value)
            if isinstance(box, Box):
                return attributes.box_values(run, box)
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
            return externals.iterated(run, value, at)
        case Ext():
            if value.site is not None:
                run.on_library(f"{value.path}.__iter__", value, Arguments(), at, frame)
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


def at_least_once(values: Vals) -> bool:
    """Whether a loop over any of these surely has a first round."""
    return bool(values) and all(
        (isinstance(v, Box) and v.size > 0) or (isinstance(v, Ext) and v.path in externals.ALIASES) for v in values
    )
