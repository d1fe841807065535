"""Enumerations: the members of a project's ``enum.Enum`` class, objects of it that differ from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values.domain import ClassValue, Const, Ext, Func, Instance, Vals, Value, Wrapped, one

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_ENUMS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"})
_MEMBER = "enum member"


def is_enum(run: Interpreter, klass: ClassValue) -> bool:
    """Whether a class of the project is an enumeration."""
    return bool(klass.fact.bases) and any(isinstance(c, Ext) and c.path in _ENUMS for c in run.classes.mro(klass))


def member(run: Interpreter, klass: ClassValue, name: str) -> Instance | None:
    """The member ``name``, or None if the name is something else in the class, or the class is no enumeration."""
    bindings = run.names.table(klass.fact).names.get(name, [])
    if name.startswith("_") or not any(b.kind == "value" for b in bindings) or not is_enum(run, klass):
        return None
    values = run.names.class_own(klass, name) or frozenset()
    if any(isinstance(v, (Func, Wrapped)) for v in values):
        return None
    return Instance(klass, (_MEMBER, name))


def members(run: Interpreter, klass: ClassValue) -> list[Instance]:
    """Every member, in source order."""
    found = (member(run, klass, name) for name in run.names.table(klass.fact).names)
    return [each for each in found if each is not None]


def of_value(run: Interpreter, klass: ClassValue, given: Vals | None) -> Vals:
    """``Class(value)``: the member of that value, or any."""
    every = members(run, klass)
    if given is not None and len(given) == 1 and isinstance(next(iter(given)), Const):
        chosen = [each for each in every if read(run, each, "value") == given]
        if chosen:
            return frozenset(chosen)
    return frozenset(every)


def is_member(value: Value) -> bool:
    """Whether a value is one certain member."""
    return isinstance(value, Instance) and isinstance(value.site, tuple) and value.site[:1] == (_MEMBER,)


def read(run: Interpreter, value: Instance, name: str) -> Vals | None:
    """``value`` and ``name`` of a member; None for any other attribute or object."""
    if name not in ("value", "name", "_value_", "_name_") or not is_member(value):
        return None
    assert isinstance(value.site, tuple)
    own = str(value.site[1])
    return one(Const(own, "str")) if "name" in name else run.names.class_own(value.klass, own)


def at(klass_members: list[Instance], keys: Vals) -> Vals:
    """``Class[key]``: the member of that name, or any."""
    names = {v.value for v in keys if isinstance(v, Const)} if all(isinstance(v, Const) for v in keys) else None
    return frozenset(m for m in klass_members if names is None or (isinstance(m.site, tuple) and m.site[1] in names))


__all__ = ["at", "is_enum", "is_member", "member", "members", "r", "read"]
