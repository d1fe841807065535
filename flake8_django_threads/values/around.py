"""A decorator that a library makes of ``wrapper(wrapped, instance, args, kwargs)``.

The wrapper runs when the decorated function is called, not when it is decorated, and is told by arguments of its own
which function, object and arguments are meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import calls
from flake8_django_threads.values.domain import NONE, Arguments, Bound, Const, Frame, Vals, Value, Wrapped, one

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def decorate(wrapper: Value, function: Vals, path: str) -> Vals:
    """What calling the decorator with ``function`` gives: each function, with the wrapper around it."""
    return frozenset(Wrapped(v, path + "()", wrapper) for v in function if not isinstance(v, Const))


def call(run: Interpreter, value: Wrapped, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a function that has such a wrapper around it."""
    assert value.manager is not None
    function = value.function
    instance = one(function.receiver) if isinstance(function, Bound) else NONE
    rest, keywords = calls.packed(run, arguments, ("around", value))
    return run.call(one(value.manager), Arguments([one(function), instance, rest, keywords]), at, frame)
