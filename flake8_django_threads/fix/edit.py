"""The two edits there are, and how a remedy chooses between them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from ..base import Finding, Span
from .source import NoEditError, Source, start

Closer = Literal["auto", "connection", "close_all"]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Edit(NamedTuple):
    """Close the connection where the other thread's code ends.

    ``span`` is the ``def`` whose body goes under ``try``/``finally`` (``in_place``), else the expression that
    is handed to the other thread. ``path`` is absolute. ``move`` takes a close that ends the body into the
    ``finally``; ``nest`` puts a new ``try`` around one that already is the whole body.
    """

    path: str
    span: Span
    in_place: bool
    all_databases: bool
    move: bool = False
    nest: bool = False

    @property
    def variants(self) -> Iterator[Edit]:
        """This edit and what to try, in this order, where its proofs fail."""
        yield self
        if self.move:
            yield self._replace(move=False)
        if self.in_place:
            yield self._replace(move=False, nest=True)


def choose(finding: Finding, closer: Closer, source_of: Callable[[str], Source]) -> Edit:
    """Say which edit repairs a finding. Raise NoEditError, with the reason, where none does."""
    remedy = finding.remedy
    if remedy is None or remedy.kind != "wrap":
        raise NoEditError("no edit is written for this code")
    if remedy.blocked:
        raise NoEditError(remedy.blocked)
    all_databases = remedy.many_databases if closer == "auto" else closer == "close_all"
    if remedy.entry is not None:
        span = remedy.entry.span
        source = source_of(span.path)
        node = definition_at(source, span)
        if isinstance(node, ast.AsyncFunctionDef):
            raise NoEditError("the entry is a coroutine function: its body runs where it is awaited")
        if isinstance(node, Function | ast.Lambda) and is_generator(node):
            raise NoEditError("the entry is a generator: its body runs where it is iterated")
        if remedy.only_spawned and isinstance(node, ast.FunctionDef):
            return Edit(source.path, span, True, all_databases, move=finding.code == "DJT002")
    if remedy.target is None:
        raise NoEditError("the entry is not only spawned, and no argument stands here that could be wrapped instead")
    return Edit(source_of(remedy.target.path).path, remedy.target, False, all_databases)


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
