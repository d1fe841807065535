"""What opens a connection: touches as the rows describe them, at once or when they are awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import boxes, constraints, externals, flow, model_attributes, surroundings
from flake8_django_threads.values.domain import (
    NONE,
    NOTHING,
    Arguments,
    Box,
    ClassValue,
    Ext,
    Frame,
    Instance,
    Vals,
    Value,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def touch(run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments, at: r.At, path: str = "") -> None:
    """Emit the touch that a row describes, with the alias that receiver or arguments name."""
    if _empty(run, row, arguments):
        return
    alias = receiver.alias if isinstance(receiver, (Ext, Instance)) and not row.cache_table else ""
    if row.alias is not None:
        given = arguments.get(row.alias.position, row.alias.keyword)
        if given is not None and given != NONE:
            alias = externals.alias_of(given)
    surroundings.touch(run, flow.Touch(at, alias or flow.DEFAULT, what(receiver, path), only_opens=row.only_opens))


def _empty(run: Interpreter, row: Row, arguments: Arguments) -> bool:
    """Whether the argument without which there is nothing to do is literally empty."""
    if row.unless_empty is None:
        return False
    given = arguments.get(row.unless_empty.position, row.unless_empty.keyword)
    return bool(given) and all(isinstance(v, Box) and boxes.length(run, v) == 0 for v in given or NOTHING)


def applies(run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments, frame: Frame) -> bool:
    """Whether what the row asks of its object is so: a constraint to check, a query that it was made from, a table."""
    if row.cache_table:
        # Django's own name for the default cache is no object with methods here, but the beginning of their paths.
        alias = receiver.alias if isinstance(receiver, Ext) else flow.DEFAULT
        return run.caches_in_a_table(frame.module.path, alias or flow.DEFAULT)
    if row.given_query:
        if isinstance(receiver, Instance):
            return bool(run.store.get((receiver, "<query>")))
        return isinstance(receiver, Ext) and receiver.of is not None
    return not row.constrained or constraints.met(run, row, receiver, arguments)


def remember_query(run: Interpreter, instance: Instance, arguments: Arguments) -> None:
    """Keep which querysets and managers an object of a library's class was made from."""
    queries = frozenset(
        v for v in arguments.all() if isinstance(v, (Ext, Instance)) and model_attributes.is_query(run, v)
    )
    if queries:
        run.store.set((instance, "<query>"), queries)


def coroutine(
    run: Interpreter, row: Row, receiver: Value | None, arguments: Arguments, path: str, frame: Frame
) -> Vals:
    """What an async method of the ORM's gives: something that does its work when it is awaited."""
    if _empty(run, row, arguments) or not applies(run, row, receiver, arguments, frame):
        return unknown("coroutine that has nothing to do")
    of: Value | None = None
    if isinstance(receiver, (Ext, Instance)):
        of = receiver.of or (receiver.klass if isinstance(receiver, Instance) else None)
    alias = receiver.alias if isinstance(receiver, (Ext, Instance)) else ""
    given = arguments.get(row.alias.position, row.alias.keyword) if row.alias is not None else None
    return one(Ext(path + "()", of, externals.alias_of(given) if given is not None and given != NONE else alias))


def awaits(run: Interpreter, value: Value) -> bool:
    """Whether a value is the coroutine of a library's method that runs a query."""
    return isinstance(value, Ext) and run.models.find("touch", value.path.removesuffix("()"), "await") is not None


def awaited(run: Interpreter, value: Ext, at: r.At, frame: Frame) -> Vals:
    """Wait for what a library's method gave: its query runs now."""
    path = value.path.removesuffix("()")
    row = run.models.find("touch", path, "await")
    if row is None:
        return one(value)
    with surroundings.loop(run, False):
        touch(run, row._replace(unless_empty=None, alias=None), value, Arguments(), at, path)
    return externals.result(run, row._replace(alias=None), value, Arguments(), path, at, frame)


def what(receiver: Value | None, path: str) -> str:
    last = path.removesuffix("()").rpartition(".")[2] or "objects"
    if isinstance(receiver, (Ext, Instance)):
        of = receiver.of
        if isinstance(of, ClassValue):
            return f"{of.fact.name}.{last}"
        if isinstance(of, Ext):
            return f"{of.path.rpartition('.')[2]}.{last}"
        if isinstance(receiver, Instance):
            return f"{receiver.klass.fact.name}.{last}"
        if not path:
            parts = receiver.path.removesuffix("()").split(".")
            if not parts[-1][:1].isupper():
                return ".".join(parts[-2:])
            return f"{'an' if parts[-1][0] in 'AEIOU' else 'a'} {parts[-1]}"
        return f"{receiver.path.removesuffix('()').rpartition('.')[2]}.{last}"
    parts = path.removesuffix("()").split(".")
    return ".".join(parts[-2:]) if len(parts) > 1 and parts[-2].islower() else last
