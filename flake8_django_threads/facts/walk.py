"""Walks over the records: nested statements, the words in them, the last name of an expression."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_django_threads.facts import records as r


def statements(block: r.Block) -> Iterator[r.Stmt]:
    """Every statement of a block and of the blocks in it, in source order; not those of inner functions and classes."""
    for stmt in block:
        yield stmt
        for inner in _blocks(stmt):
            yield from statements(inner)


def _blocks(stmt: r.Stmt) -> tuple[r.Block, ...]:
    match stmt:
        case r.If() | r.While() | r.For():
            return stmt.body, stmt.orelse
        case r.With():
            return (stmt.body,)
        case r.Try():
            return stmt.body, *(handler.body for handler in stmt.handlers), stmt.orelse, stmt.final
        case r.Match():
            return tuple(case.body for case in stmt.cases)
    return ()


def words(node: object) -> set[str]:
    """Every name, attribute and text in an expression, statement or block; not those of inner functions and classes."""
    found: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        match current:
            case r.Name():
                found.add(current.id)
            case r.Attr():
                found.add(current.name)
            case r.Const() if isinstance(current.value, str):
                found.add(current.value)
        if isinstance(current, tuple):
            stack.extend(part for part in current if isinstance(part, tuple))
    return found


def texts(node: object) -> Iterator[str]:
    """Every text in an expression, statement or block, parts of f-strings included; not those of inner functions."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, r.Const) and isinstance(current.value, str):
            yield current.value
        elif isinstance(current, tuple):
            stack.extend(part for part in current if isinstance(part, tuple))


def expressions_in(expr: object) -> Iterator[object]:
    """The expression and those that it is made of; not those of lambdas in it."""
    stack = [expr]
    while stack:
        part = stack.pop()
        yield part
        if isinstance(part, tuple):
            stack.extend(inner for inner in part if isinstance(inner, tuple))


def last_name(expr: r.Expr) -> str:
    """The name, or the last part of a dotted one, that an expression is; "" for any other, a call included."""
    return expr.id if isinstance(expr, r.Name) else expr.name if isinstance(expr, r.Attr) else ""


def callee(expr: r.Expr) -> r.Expr:
    """What a call calls; any other expression itself: a decorator or mark without its options."""
    return expr.func if isinstance(expr, r.Call) else expr


def in_function(scope: r.Scope | None) -> bool:
    """Whether a scope is a function or stands in one."""
    while scope is not None and not isinstance(scope, r.Function):
        scope = scope.owner if isinstance(scope, r.ClassFact) else None
    return scope is not None
