"""Classes that a call makes (``type(name, bases, namespace)``, ``namedtuple(name, fields)``), and tuples with names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import boxes
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Box,
    Const,
    Ext,
    Frame,
    Instance,
    Vals,
    Value,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

NAMED_TUPLE = "typing.NamedTuple"


def by_type(run: Interpreter, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``type(name, bases, namespace)``."""
    bases = [v for given in arguments.args[1] if isinstance(given, Box) for v in boxes.values(run, given)]
    klass = run.classes.make_class(frame, at, string(arguments.args[0]) or "type()", bases, ())
    for namespace in arguments.args[2]:
        if isinstance(namespace, Box):
            for key in boxes.keys(run, namespace):
                run.store.set((klass, key), run.store.get((namespace, key)) or NOTHING)
    return one(klass)


def _named_tuple(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``collections.namedtuple(name, fields)``."""
    fields: list[str] = []
    for given in arguments.get(1, "field_names") or NOTHING:
        if isinstance(given, Const) and isinstance(given.value, str):
            fields = given.value.replace(",", " ").split()
        elif isinstance(given, Box) and (parts := boxes.parts(run, given)):
            texts = [string(part) for part in parts]
            fields = [text for text in texts if text is not None]
    if not fields:
        return unknown("named tuple whose fields are not known")
    name = string(arguments.get(0, "typename") or NOTHING) or "namedtuple()"
    return one(run.classes.make_class(frame, at, name, [Ext(NAMED_TUPLE)], tuple(fields)))


def as_tuple(run: Interpreter, value: Value) -> Value:
    """The tuple that an object of a named tuple's class is; any other value itself."""
    if not (isinstance(value, Instance) and run.classes.is_a(value.klass, NAMED_TUPLE)):
        return value
    fields = run.classes.dataclass_fields(value.klass)
    box = Box("tuple", ("named", value), len(fields))
    held = (run.store.get((value, name)) for name, _ in fields)
    boxes.fill(run, box, [unknown("field of a named tuple") if vals is None else vals for vals in held])
    return box


def _replaced(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``dataclasses.replace(x, ...)`` and ``x._replace(...)``: a copy with some fields given anew."""
    given = one(receiver) if receiver is not None else arguments.get(0, None) or NOTHING
    found: set[Value] = set()
    for value in given:
        if not isinstance(value, Instance):
            return unknown("copy of something unknown")
        copy = Instance(value.klass, run.site(frame, at))
        for name, _ in run.classes.dataclass_fields(value.klass):
            held = arguments.keywords.get(name) or run.store.get((value, name))
            if held is not None:
                run.store.set((copy, name), held)
        found.add(copy)
    return frozenset(found)


HANDLERS: dict[str, Handler] = {
    "collections.namedtuple": _named_tuple,
    "dataclasses.replace": _replaced,
    "typing.NamedTuple()._replace": _replaced,
}
