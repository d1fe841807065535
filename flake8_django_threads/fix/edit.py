"""The two edits there are, and how a remedy chooses between them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from ..base import Finding, Remedy, Span
from .source import NoEditError, Source, start

Closer = Literal["auto", "connection", "close_all"]
Wrap = Literal["auto", "inplace", "boundary"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
SWAPS = ("iterate-all", "await-close-all")
# Decorators that run nothing around the body.
_SEE_THROUGH = frozenset({"staticmethod", "classmethod", "override", "final"})


class Edit(NamedTuple):
    """Close the connection where the other thread's code ends.

    ``span`` is the ``def`` whose body goes under ``try``/``finally`` (``in_place``), else the expression that
    is handed to the other thread. ``path`` is absolute. ``move`` takes a close that ends the body into the
    ``finally``; ``nest`` puts a new ``try`` around one that already is the whole body. ``swap`` names another edit: the
    expression becomes another one (see ``swap_expression``), made with the one at ``inner``.
    """

    path: str
    span: Span
    in_place: bool
    all_databases: bool
    move: bool = False
    nest: bool = False
    swap: str = ""
    inner: Span | None = None

    @property
    def variants(self) -> Iterator[Edit]:
        """This edit and what to try, in this order, where its proofs fail."""
        yield self
        if self.move:
            yield self._replace(move=False)
        if self.in_place:
            yield self._replace(move=False, nest=True)


def choose(finding: Finding, closer: Closer, source_of: Callable[[str], Source], wrap: Wrap = "auto") -> Edit:
    """Say which edit repairs a finding. Raise NoEditError, with the reason, where none does."""
    remedy = finding.remedy
    if remedy is None or remedy.kind not in ("wrap", *SWAPS):
        raise NoEditError("no edit is written for this code")
    if remedy.blocked:
        raise NoEditError(remedy.blocked)
    if remedy.kind in SWAPS:
        path = _own(source_of(remedy.spawn.path).path)
        return Edit(path, remedy.spawn, False, True, swap=remedy.kind, inner=remedy.target)
    all_databases = remedy.many_databases if closer == "auto" else closer == "close_all"
    against = _against_in_place(remedy, source_of)
    if wrap != "boundary" and remedy.entry is not None and not against:
        span = remedy.entry.span
        return Edit(_own(source_of(span.path).path), span, True, all_databases, move=finding.code == "DJT002")
    if wrap == "inplace":
        raise NoEditError(against)
    # What a helper does with its argument beside handing it to a thread is unknown: it may call it at once.
    target = remedy.inner or remedy.target
    if target is None:
        raise NoEditError(f"{against or 'wanted at the boundary'}, and no argument stands here that could be wrapped")
    return Edit(_own(source_of(target.path).path), target, False, all_databases)


def _own(path: str) -> str:
    if "site-packages" in Path(path).parts:
        raise NoEditError(f"the edit belongs into an installed package, {path}")
    return path


def _against_in_place(remedy: Remedy, source_of: Callable[[str], Source]) -> str:
    """Why the body of the entry is not to be touched; empty where it may be. Raise NoEditError where nothing may."""
    if remedy.entry is None:
        return "the entry is not known"
    source = source_of(remedy.entry.span.path)
    node = definition_at(source, remedy.entry.span)
    if isinstance(node, ast.AsyncFunctionDef):
        raise NoEditError("the entry is a coroutine function: its body runs where it is awaited")
    if isinstance(node, Function | ast.Lambda) and is_generator(node):
        raise NoEditError("the entry is a generator: its body runs where it is iterated")
    marks = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    spawning = [i for i, mark in enumerate(marks) if source.columns.start(mark) == start(remedy.spawn)]
    # Every reference to what a library's decorator made of the function runs it in another thread.
    if not remedy.only_spawned and (not spawning or remedy.inner):
        return "the entry is not only spawned"
    if not isinstance(node, ast.FunctionDef):
        return "the entry is no function with a body of its own"
    around = marks[spawning[0] + 1 :] if spawning else marks
    if not all(isinstance(mark, ast.Name) and mark.id in _SEE_THROUGH for mark in around):
        # A transaction that it opens would end behind the close, without its rows.
        return "a decorator stands around the entry"
    return ""


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
