"""Let the close of one connection that ends a body close all of them, where another database's was forgotten."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

import libcst as cst

from .edit import Function
from .names import Import, Names, bound_in
from .source import NoEditError, Source

_DATABASES = "django.db"


def close_of_one(source: Source, function: Function) -> ast.Call | None:
    """The close of one connection that ends the ``finally`` of a body, however the body ends; None if there is none."""
    last = function.body[-1]
    if not (isinstance(last, ast.Try) and last.finalbody):
        return None
    match last.finalbody[-1]:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=held, attr="close"), args=[], keywords=[]) as call):
            one, name = (held.value, "connections") if isinstance(held, ast.Subscript) else (held, "connection")
            if ast.unparse(one) in Names(source.text, source.tree).spellings(_DATABASES, name):
                return call
    return None


def close_all(
    old: cst.BaseExpression, names: Names, chain: Sequence[Function]
) -> Callable[[cst.BaseExpression], cst.BaseExpression]:
    """Say how the close becomes one of all connections; an import that nothing else needs gives the other name."""
    match old:
        case cst.Call(func=cst.Attribute(value=held, attr=cst.Name("close"))):
            local = {name for function in chain for name, _ in bound_in(function)}
            if isinstance(held, cst.Name) and names.is_free("connections") and "connections" not in local:
                names.give_up(Import(_DATABASES, held.value), Import(_DATABASES, "connections"))
                root = "connections"
            else:
                root = names.reach(_DATABASES, "connections", chain)
            made = cst.parse_expression(f"{root}.close_all()")
            return lambda _: made
    raise NoEditError("all connections are closed already")
