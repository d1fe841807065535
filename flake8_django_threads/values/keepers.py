"""Objects of a library that are given code first and run it later, in a thread of theirs or where they are told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values.domain import NOTHING, Arguments, Box, Const, Ext, Frame, Instance, Vals, Value, join

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_KEPT = "<kept>"


def made(run: Interpreter, value: Ext, at: r.At, frame: Frame | None) -> Ext:
    """``value``, told apart from others of its kind by where it was made, if it is one that keeps code."""
    if frame is None or value.site is not None or not run.models.keeps(value.path):
        return value
    return Ext(value.path, value.of, value.alias, (frame.module.path, at, frame))


def keep(run: Interpreter, receiver: Value | None, given: Vals) -> None:
    """Let an object keep what one of its methods is given, as far as it may be called."""
    if receiver is not None:
        run.store.add((receiver, _KEPT), frozenset(v for v in given if not _is_plain(v)))


def _is_plain(value: Value) -> bool:
    """Whether a value is one to read and not to call: a literal, a container, what a library has made."""
    return isinstance(value, (Const, Box)) or (isinstance(value, Ext) and value.path.endswith(("()", "[]")))


def kept(run: Interpreter, row: Row, receiver: Value | None) -> Vals:
    """What an object was given to keep, and what was put into its attributes that a row names."""
    if receiver is None:
        return NOTHING
    held = join(run.store.get((receiver, name)) or NOTHING for name in (_KEPT, *row.entries))
    return frozenset(v for v in held if not isinstance(v, Const))


def has_base(run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments) -> bool:
    """Whether an object, or what is given where the row says, has the base without which the row says nothing."""
    if row.needs_base is None:
        return True
    if row.server is not None:
        given = arguments.get(row.server.position, row.server.keyword)
        return bool(given) and all(_is_a(run, v, row.needs_base) for v in given or NOTHING)
    return receiver is not None and _is_a(run, receiver, row.needs_base)


def _is_a(run: Interpreter, value: Value, base: str) -> bool:
    """Whether a class, or that of an object, has a base."""
    klass = value.klass if isinstance(value, Instance) else value
    if isinstance(klass, Ext):
        klass = Ext(klass.path.removesuffix("()"))
    return run.classes.is_a(klass, base)


__all__ = ["has_base", "keep", "kept", "made"]
