"""Patterns of ``match``: whether a value fits for certain, and what the names in the pattern are bound to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, enums, kinds, made_classes
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Instance,
    Unknown,
    Vals,
    Value,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_PART = "part of a match subject"


def match(
    run: Interpreter, frame: Frame, pattern: r.Pattern, subject: Vals, at: r.At, bound: dict[str, Vals]
) -> bool | None:
    """Whether ``subject`` fits (None: it may); the pattern's names are put into ``bound``."""
    answers = {_fits(run, frame, pattern, value, at, bound) for value in attributes.ordered(subject)}
    return answers.pop() if len(answers) == 1 else None


def _fits(
    run: Interpreter, frame: Frame, pattern: r.Pattern, value: Value, at: r.At, bound: dict[str, Vals]
) -> bool | None:
    inner: dict[str, Vals] = {}
    fits: bool | None
    match pattern.kind:
        case "as":
            fits = _fits(run, frame, pattern.inner[0], value, at, inner) if pattern.inner else True
        case "or":
            each = [_fits(run, frame, part, value, at, inner) for part in pattern.inner]
            fits = True if True in each else False if all(answer is False for answer in each) else None
        case "value":
            fits = _equals(run, frame, pattern, value)
        case "class":
            fits = _of_class(run, frame, pattern, value, at, inner)
        case "mapping":
            fits = _mapping(run, frame, pattern, value, at, inner)
        case _:
            fits = _sequence(run, frame, pattern, value, at, inner)
    if fits is False:
        return False
    if pattern.name is not None:
        inner.setdefault(pattern.name, one(value) if pattern.kind == "as" else unknown(_PART))
    for name, vals in inner.items():
        bound[name] = join((bound.get(name, NOTHING), vals))
    return fits


def _equals(run: Interpreter, frame: Frame, pattern: r.Pattern, value: Value) -> bool | None:
    if pattern.value is None:
        return None
    with run.writing():
        wanted = run.evaluate(frame, pattern.value)
    if len(wanted) != 1:
        return None
    (other,) = wanted
    if isinstance(value, Const) and isinstance(other, Const) and "pattern" not in (value.kind, other.kind):
        return value.value == other.value
    return value == other if enums.is_member(value) and enums.is_member(other) else None


def _of_class(
    run: Interpreter, frame: Frame, pattern: r.Pattern, value: Value, at: r.At, inner: dict[str, Vals]
) -> bool | None:
    if pattern.value is None:
        return None
    with run.writing():
        classes = run.evaluate(frame, pattern.value)
    answers: list[bool | None] = [kinds.is_any(run, value, classes)]
    if answers[0] is False:
        return False
    if isinstance(value, Unknown):
        known = [v for v in classes if isinstance(v, (ClassValue, Ext))]
        if known:
            value = Instance(known[0]) if isinstance(known[0], ClassValue) else Ext(f"{known[0].path}()")
            if pattern.name is not None:
                inner[pattern.name] = one(value)
    by_position = len(pattern.inner) - len(pattern.keys)
    names = [*_positions(run, value)[:by_position], *pattern.keys]
    if len(names) < len(pattern.inner):
        names = [None] * by_position + list(pattern.keys)
    for name, part in zip(names, pattern.inner, strict=True):
        held = attributes.of(run, value, name, at, frame) if isinstance(name, str) else unknown(_PART)
        answers.append(match(run, frame, part, held, at, inner))
    return _all(answers)


def _positions(run: Interpreter, value: Value) -> list[str]:
    """The attributes that a class pattern's positions mean: ``__match_args__``, or a dataclass's fields."""
    if not isinstance(value, Instance):
        return []
    found = run.names.class_own(value.klass, "__match_args__") or NOTHING
    for box in found:
        if isinstance(box, Box) and (texts := boxes.parts(run, box)):
            return [str(v.value) for vals in texts for v in vals if isinstance(v, Const)]
    return [name for name, _ in run.classes.dataclass_fields(value.klass)]


def _mapping(
    run: Interpreter, frame: Frame, pattern: r.Pattern, value: Value, at: r.At, inner: dict[str, Vals]
) -> bool | None:
    if isinstance(value, Box) and value.kind == "dict":
        closed = boxes.order(run, value) is not None
        known = boxes.keys(run, value)
        answers: list[bool | None] = []
        for key, part in zip(pattern.keys, pattern.inner, strict=True):
            if closed and key not in known:
                return False
            held = attributes.box_item(run, value, one(Const(key, type(key).__name__)))
            fits = match(run, frame, part, held, at, inner)
            answers.append(fits if key in known else None)
        if pattern.name is not None:
            rest = boxes.copy(run, value, "dict", ("rest of a mapping", value, at))
            for key in pattern.keys:
                boxes.take(run, rest, one(Const(key, type(key).__name__)))
            inner[pattern.name] = one(rest)
        return _all(answers)
    return _loose(run, frame, pattern, at, inner, value)


def _sequence(
    run: Interpreter, frame: Frame, pattern: r.Pattern, value: Value, at: r.At, inner: dict[str, Vals]
) -> bool | None:
    value = made_classes.as_tuple(run, value)
    star = next((i for i, part in enumerate(pattern.inner) if part.kind == "star"), None)
    size = boxes.length(run, value) if isinstance(value, Box) and value.kind in ("list", "tuple") else -1
    if size < 0 or not isinstance(value, Box):
        return _loose(run, frame, pattern, at, inner, value)
    fixed = len(pattern.inner) - (star is not None)
    if size < fixed or (star is None and size != fixed):
        return False
    answers: list[bool | None] = []
    for index, part in enumerate(pattern.inner):
        if index == star:
            rest = attributes.part_of(run, one(value), index, len(pattern.inner) - index - 1, ("star", value, at))
            if part.name is not None:
                inner[part.name] = one(rest) if rest is not None else unknown(_PART)
            continue
        place = index if star is None or index < star else index - len(pattern.inner)
        held = attributes.box_item(run, value, one(Const(place, "int")))
        answers.append(match(run, frame, part, held, at, inner))
    return _all(answers)


def _loose(
    run: Interpreter, frame: Frame, pattern: r.Pattern, at: r.At, inner: dict[str, Vals], value: Value
) -> bool | None:
    """The parts of something whose items are not told apart."""
    if isinstance(value, Const) and value.kind != "ellipsis":
        return False
    held = boxes.values(run, value) if isinstance(value, Box) else NOTHING
    for part in pattern.inner:
        match(run, frame, part, held or unknown(_PART), at, inner)
    return None


def _all(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


__all__ = ["Arguments", "match"]
