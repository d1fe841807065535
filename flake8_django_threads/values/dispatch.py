"""``functools.singledispatch``: which of the registered functions an argument's class chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, kinds
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Bound,
    Box,
    ClassValue,
    Ext,
    Frame,
    Func,
    Vals,
    Value,
    Wrapped,
    join,
    one,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

_REGISTERED = "<registered>"
_REGISTER = "functools.singledispatch().register"


def _register(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``@show.register`` on an annotated function, ``@show.register(Class)``, or ``show.register(Class, function)``."""
    generic = receiver
    kind: Vals = NOTHING
    if isinstance(receiver, Ext) and receiver.of is not None and isinstance(receiver.site, frozenset):
        generic, kind = receiver.of, receiver.site
    first = arguments.get(0, "cls") or NOTHING
    function = arguments.get(1, "func") or (first if kind else NOTHING)
    if generic is None:
        return first
    if function:
        kind = kind or first
    elif any(isinstance(v, Func) for v in first):
        function = first
        kind = join(_annotated(run, v) for v in first if isinstance(v, Func))
    else:
        return one(Bound(Ext(_REGISTER), Ext("<register>", generic, "", first)))
    for value in function:
        if isinstance(value, Func):
            entry = Box("tuple", (_REGISTERED, value, kind))
            run.store.set((entry, 0), kind)
            run.store.set((entry, 1), one(value))
            run.store.add((generic, _REGISTERED), one(entry))
    return function


def _annotated(run: Interpreter, func: Func) -> Vals:
    parameters = func.function.parameters
    if not parameters or parameters[0].annotation is None:
        return NOTHING
    with run.detached():
        return run.evaluate(func.frame or run.module_frame(func.module), parameters[0].annotation)


def choose(run: Interpreter, generic: Wrapped, arguments: Arguments) -> Vals:
    """The functions that calling ``generic`` with these arguments may run."""
    given = arguments.get(0, None) or NOTHING
    certain: list[tuple[Vals, Vals]] = []
    possible = one(generic.function)
    for entry in attributes.ordered(run.store.get((generic, _REGISTERED)) or NOTHING):
        kind, function = run.store.get((entry, 0)) or NOTHING, run.store.get((entry, 1)) or NOTHING
        fits = kinds.outcome(run, given, kind) if given and kind else None
        if fits:
            certain.append((kind, function))
        elif fits is None:
            possible = join((possible, function))
    if not certain:
        return possible
    return min(certain, key=lambda pair: -_depth(run, pair[0]))[1]


def _depth(run: Interpreter, classes: Vals) -> int:
    return max((len(run.classes.mro(c)) for c in classes if isinstance(c, (ClassValue, Ext))), default=0)


HANDLERS: dict[str, Handler] = {"functools.singledispatch().register": _register}
