"""What an edit is, and what is asked of the tree that it changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ..base import Span
from .source import Source, start

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Edit(NamedTuple):
    """Close the connection where the other thread's code ends.

    ``span`` is the ``def`` whose body goes under ``try``/``finally`` (``in_place``), else the expression that
    is handed to the other thread. ``path`` is absolute. ``move`` takes a close that ends the body into the
    ``finally``; ``nest`` puts a new ``try`` around one that already is the whole body. ``swap`` names another edit: the
    expression becomes another one (see ``swap_expression``), made with the one at ``inner``; a line comes above the
    statement (see ``stand_above``); or an ini file gets an option.
    """

    path: str
    span: Span
    in_place: bool
    all_databases: bool
    move: bool = False
    nest: bool = False
    swap: str = ""
    inner: Span | None = None
    alias: str = "default"

    @property
    def variants(self) -> Iterator[Edit]:
        """This edit and what to try, in this order, where its proofs fail."""
        yield self
        if self.move:
            yield self._replace(move=False)
        if self.in_place:
            yield self._replace(move=False, nest=True)


def definition_at(source: Source, span: Span) -> ast.AST | None:
    """Find the ``def``, ``lambda`` or ``class`` that begins where the span does."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function | ast.Lambda | ast.ClassDef) and source.columns.start(node) == start(span):
            return node
    return None


def is_generator(function: Function | ast.Lambda) -> bool:
    """Say whether a ``yield`` belongs to this very function."""
    body = function.body if isinstance(function.body, list) else [function.body]
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for part in body for node in own_nodes(part))


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a node and its children, but not into the bodies of functions, lambdas and classes in it."""
    yield node
    if isinstance(node, Function):
        children: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.ClassDef):
        children = [*node.decorator_list, *node.bases, *node.keywords]
    elif isinstance(node, ast.Lambda):
        children = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    else:
        children = list(ast.iter_child_nodes(node))
    for child in children:
        yield from own_nodes(child)
