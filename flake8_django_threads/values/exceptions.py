"""Exception classes: what a ``raise`` raises and what a handler names, as names with their ancestors."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, flow
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
    from flake8_django_threads.values.activations import Activation
    from flake8_django_threads.values.interpreter import Interpreter

_RAISED = ("<raised>", "<raised>")


def kinds(run: Interpreter, vals: Vals) -> list[flow.Kind]:
    """The kinds that raising any of ``vals`` (classes or objects) raises, in a fixed order."""
    found = {_kind(run, value) for value in vals}
    return sorted(found) if found and flow.ANY not in found else [flow.ANY]


def _kind(run: Interpreter, value: Value) -> flow.Kind:
    if isinstance(value, Instance):
        return ancestors(run, value.klass)
    if isinstance(value, ClassValue):
        return ancestors(run, value)
    if isinstance(value, Ext):
        return ancestors(run, Ext(value.path.removesuffix("()")))
    return flow.ANY


def ancestors(run: Interpreter, klass: ClassValue | Ext) -> flow.Kind:
    """The names of an exception class and its ancestors; "?" among them where a base is not known."""
    names: list[str] = []
    for candidate in run.classes.mro(klass):
        names.append(name(candidate))
        if isinstance(candidate, Ext):
            builtin = getattr(builtins, candidate.path, None)
            if isinstance(builtin, type) and issubclass(builtin, BaseException):
                names.extend(f"{c.__name__}" for c in builtin.__mro__[1:-1])
            elif not run.models.bases(candidate.path):
                names.append("?")
    return tuple(dict.fromkeys(names))


def name(klass: Value) -> str:
    """What an exception class is called here: its path, or file and name for one of the project."""
    if isinstance(klass, ClassValue):
        return f"{klass.module.path}:{klass.fact.qualname}"
    return klass.path if isinstance(klass, Ext) else "?"


def classes(run: Interpreter, frame: Frame, expr: r.Expr | None) -> list[Value] | None:
    """The classes that a handler names, in a fixed order; None where it names none."""
    if expr is None:
        return None
    found: list[Value] = []
    for value in attributes.ordered(run.evaluate(frame, expr)):
        found.extend(attributes.ordered(boxes.values(run, value)) if isinstance(value, Box) else [value])
    return found


def caught(named: list[Value] | None) -> tuple[str, ...] | None:
    """The names of the classes that a handler names; None where it catches everything worth telling apart."""
    if named is None:
        return None
    names = {name(value) if isinstance(value, (ClassValue, Ext)) else "?" for value in named}
    return None if "BaseException" in names else tuple(sorted(names))


def lines(run: Interpreter, named: list[Value] | None) -> tuple[flow.Kind, ...]:
    """The ancestors of each class that a handler names, for those whose ancestors can be told."""
    return tuple(ancestors(run, value) for value in named or () if isinstance(value, (ClassValue, Ext)))


def remember(run: Interpreter, vals: Vals) -> None:
    """Objects of the project's own classes are raised: a handler in the same function gets these, with their cells."""
    own = frozenset(v for v in vals if isinstance(v, Instance) or (isinstance(v, Ext) and v.site is not None))
    if own:
        run.store.add(_RAISED, own)


def take_along(run: Interpreter, running: Activation, vals: Vals) -> None:
    """What is kept in a raised object goes with it to whoever catches it, though the body never reaches its end."""
    own = [v for v in vals if isinstance(v, Instance) or (isinstance(v, Ext) and v.site is not None)]
    if not own:
        return
    for cell, held in run.store.since(running.depth).items():
        if cell[0] in own or cell == _RAISED:
            running.raised[cell] = join((running.raised.get(cell, NOTHING), held))


def carry(run: Interpreter, value: Ext | Instance, arguments: Arguments, at: r.At, frame: Frame) -> Ext | Instance:
    """An exception object with what it was made from, where that is more than text."""
    given = [v for vals in arguments.args for v in vals]
    if not given or all(isinstance(v, (Const, Unknown)) for v in given):
        return value
    if not is_exception(run, value.klass if isinstance(value, Instance) else Ext(value.path.removesuffix("()"))):
        return value
    site = run.site(frame, at)
    kept = Ext(value.path, value.of, value.alias, site) if isinstance(value, Ext) else value
    run.store.set((kept, "args"), one(boxes.make(run, "tuple", (*site, "args"), arguments.args)))
    return kept


def is_exception(run: Interpreter, klass: Value) -> bool:
    """Whether a class is an exception, as far as known."""
    for candidate in run.classes.mro(klass):
        builtin = getattr(builtins, candidate.path, None) if isinstance(candidate, Ext) else None
        if isinstance(builtin, type) and issubclass(builtin, BaseException):
            return True
    return False


def instances(run: Interpreter, named: list[Value] | None, names: tuple[str, ...] | None) -> Vals:
    """The caught exception object."""
    if named and all(isinstance(v, ClassValue) for v in named):
        raised = [v for v in run.store.get(_RAISED) or () if isinstance(v, Instance)]
        found: set[Value] = set()
        for klass in named:
            assert isinstance(klass, ClassValue)
            found |= {v for v in raised if klass in run.classes.mro(v.klass)} or {Instance(klass)}
        return frozenset(found)
    if names is not None and all(":" not in each and each != "?" for each in names):
        carried = [v for v in run.store.get(_RAISED) or () if isinstance(v, Ext)]
        fitting = {v for v in carried if set(ancestors(run, Ext(v.path.removesuffix("()")))) & set(names)}
        if fitting:
            return frozenset(fitting)
    if names is not None and len(names) == 1 and ":" not in names[0] and names[0] != "?":
        return frozenset({Ext(names[0] + "()")})
    return frozenset({Ext("Exception()")}) if names is None else unknown("caught exception")
