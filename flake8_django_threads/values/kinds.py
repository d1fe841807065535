"""``isinstance``: what is certain about the class of a value."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from flake8_django_threads.values import boxes
from flake8_django_threads.values.domain import Box, ClassValue, Const, Ext, Func, Instance, Vals, Value

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def is_instance(run: Interpreter, value: Value, klass: Value) -> bool | None:
    """Whether ``value`` is an object of ``klass``; None where that is open."""
    builtin = getattr(builtins, klass.path, None) if isinstance(klass, Ext) else None
    match value:
        case Const() if value.kind != "slice":
            literal = "" if value.kind == "pattern" else value.value
            if isinstance(builtin, type):
                return isinstance(literal, builtin)
            return False if isinstance(klass, ClassValue) else None
        case Box():
            if isinstance(builtin, type):
                return issubclass(getattr(builtins, value.kind), builtin)
            return False if isinstance(klass, ClassValue) else None
        case Func():
            return False if isinstance(klass, ClassValue) else None
        case Instance():
            mro = run.classes.mro(value.klass)
            if klass in mro or (isinstance(klass, Ext) and run.classes.is_a(value.klass, klass.path)):
                return True
            closed = value.site is not None and all(isinstance(c, ClassValue) or c == Ext("object") for c in mro)
            return False if closed and isinstance(klass, ClassValue) else None
    return None


def is_any(run: Interpreter, value: Value, classes: Vals) -> bool | None:
    """The same for a set of classes of which one is meant, or a tuple of classes of which any will do."""
    answers: set[bool | None] = set()
    for klass in classes:
        if isinstance(klass, Box):
            each = {is_instance(run, value, c) for c in boxes.values(run, klass)}
            answers.add(True if True in each else False if each == {False} else None)
        else:
            answers.add(is_instance(run, value, klass))
    return answers.pop() if len(answers) == 1 else None


def outcome(run: Interpreter, values: Vals, classes: Vals) -> bool | None:
    """The same for a set of values."""
    answers = {is_any(run, value, classes) for value in values}
    return answers.pop() if len(answers) == 1 else None
