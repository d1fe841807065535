"""Stand-ins: what a file puts in the place of a connection, so that taking it away again forgets none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_django_threads.effects.closes import Use
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import holds, whole
from flake8_django_threads.facts.walk import last_name, statements
from flake8_django_threads.values.domain import ClassValue, Ext, Value
from flake8_django_threads.values.interpreter import Interpreter

_PUT = "django.db.connections.__setitem__"
# What makes a connection that somebody has to close: the handler, a connection that copies itself, a backend's class.
_MADE = ("django.db.connections.create_connection()", "django.db.connections[].copy()", "django.db.connection.copy()")
_BACKENDS = "django.db.backends."
_WRAPPER = "django.db.backends.base.base.BaseDatabaseWrapper"


def takes_stand_in_away(run: Interpreter, use: Use, found: Iterable[Use]) -> bool:
    """Whether ``del connections[alias]`` meets something that was put there in place of the connection.

    Either the same function, or another method of its class, puts it there; or the statement stands under a question
    for its class, and the class is the project's own.
    """
    own = _together(use)
    if any(other.path == _PUT and _together(other) == own and not _is_real(other) for other in found):
        return True
    function = use.frame.function
    tests = _tests_around(function.body, use.at) if function is not None else ()
    return any(_asks_for_own_class(run, use, test) for test in tests)


def _together(use: Use) -> object:
    """The class of the method that holds the use, else its function, else its module."""
    function = use.frame.function
    if function is None:
        return use.frame.module
    return function.owner if isinstance(function.owner, r.ClassFact) else function


def _is_real(put: Use) -> bool:
    """Whether what is put under the alias is, for certain, a connection that was made for it."""
    return bool(put.given) and all(
        isinstance(value, Ext) and (value.path in _MADE or value.path.startswith(_BACKENDS)) for value in put.given
    )


def _tests_around(block: r.Block, at: r.At) -> Iterator[r.Expr]:
    """What is asked before a place of the block is reached, as far as the answer has to be yes."""
    for stmt in statements(block):
        if isinstance(stmt, r.If) and holds(whole(stmt.body), at):
            yield stmt.test


def _asks_for_own_class(run: Interpreter, use: Use, test: r.Expr) -> bool:
    """``type(x) is C``, ``type(x) == C`` or ``isinstance(x, C)``, where C is no class of connections."""
    match test:
        case r.Compare(_, ("is" | "==",), (r.Call() as call, named)) if last_name(call.func) == "type":
            asked = named
        case r.Call(_, func, (_, named), ()) if last_name(func) == "isinstance":
            asked = named
        case _:
            return False
    with run.detached():
        values = run.evaluate(run.module_frame(use.frame.module), asked)
    return bool(values) and all(_is_own(run, value) for value in values)


def _is_own(run: Interpreter, value: Value) -> bool:
    return isinstance(value, ClassValue) and not run.classes.is_a(value, _WRAPPER)
