"""Names of installed packages that no row explains: what astroid, or the name itself, says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.values import operations
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Ext,
    Func,
    Vals,
    Wrapped,
    one,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_CLOSERS = ("close", "cleanup", "clean_up")
_DATABASE = ("conn", "db", "database")


def beyond(run: Interpreter, path: str, arguments: Arguments) -> Vals:
    """What an installed package's own text says of calling a function of its; empty where it says nothing."""
    made_by = path.removesuffix("()")
    if "()" in made_by:
        return NOTHING
    given = arguments.args[0] if len(arguments.args) == 1 and not arguments.keywords else NOTHING
    functions = frozenset(v for v in given if isinstance(v, (Func, Wrapped)))
    if functions and functions == given:
        is_decorator = run.beyond.passes(path) if made_by == path else run.beyond.makes_decorator(made_by)
        if is_decorator:
            return frozenset(Wrapped(v, made_by) for v in functions)
    made = run.beyond.returned(path) if made_by == path else ""
    return one(Ext(stand_in(run, run.models.canonical(made)) + "()")) if made else NOTHING


def stand_in(run: Interpreter, path: str) -> str:
    """The class that rows speak of where an installed package's class only carries it on; else the class itself."""
    if "()" in path or _is_explained(run, path):
        return path
    spelt = (run.models.canonical(name) for name in run.beyond.stands_for(path))
    return next((name for name in spelt if _is_explained(run, name)), path)


def _is_explained(run: Interpreter, path: str) -> bool:
    return any(run.models.find(table, path) for table in ("spawn", "type", "wrapper", "touch", "lazy", "quiet"))


def is_quiet(path: str) -> bool:
    """Methods of text, and look-ups in a deployment's settings: taken not to raise."""
    return path.startswith("str().") or (path.endswith(".get") and operations.from_settings(one(Ext(path))))


def may_close(path: str) -> bool:
    """Whether a name says that it closes something of a database: taken for a close that nobody can be sure of."""
    last = path.rpartition(".")[2].lower()
    return any(word in last for word in _CLOSERS) and any(word in last for word in _DATABASE)
