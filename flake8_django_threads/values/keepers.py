"""Objects of a library that are given code first and run it later, in a thread of theirs or where they are told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values.domain import NOTHING, Const, Ext, Frame, Instance, Vals, Value, join

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_KEPT = "<kept>"


def made(run: Interpreter, value: Ext, at: r.At, frame: Frame | None) -> Ext:
    """``value``, told apart from others of its kind by where it was made, if it is one that keeps code."""
    if frame is None or value.site is not None or not run.models.keeps(value.path):
        return value
    return Ext(value.path, value.of, value.alias, (frame.module.path, at, frame))


def keep(run: Interpreter, receiver: Value | None, given: Vals) -> None:
    """Let an object keep what one of its methods is given."""
    if receiver is not None:
        run.store.add((receiver, _KEPT), frozenset(v for v in given if not isinstance(v, Const)))


def kept(run: Interpreter, row: Row, receiver: Value | None) -> Vals:
    """What an object was given to keep, and what was put into its attributes that a row names."""
    if receiver is None:
        return NOTHING
    held = join(run.store.get((receiver, name)) or NOTHING for name in (_KEPT, *row.entries))
    return frozenset(v for v in held if not isinstance(v, Const))


def has_base(run: Interpreter, row: Row, receiver: Value | None) -> bool:
    """Whether an object is of a class that has the base without which the row says nothing."""
    if row.needs_base is None:
        return True
    klass = receiver.klass if isinstance(receiver, Instance) else receiver
    if isinstance(klass, Ext):
        klass = Ext(klass.path.removesuffix("()"))
    return klass is not None and run.classes.is_a(klass, row.needs_base)


__all__ = ["has_base", "keep", "kept", "made"]
