"""How a finding's remedy chooses its edit."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from ..base import Finding, Remedy, Span
from .edit import Edit, Function, definition_at, is_generator
from .ini_option import OPTION
from .places import PLACES
from .source import NoEditError, Source, start, whole
from .stand_above import ABOVE
from .swap_expression import KINDS
from .widen_close import close_of_one

Closer = Literal["auto", "connection", "close_all"]
Wrap = Literal["auto", "inplace", "boundary"]
# A function of more lines does not fit into a screen; where it is started in more places, it is edited all the same.
_LONG, _FEW = 50, 2
_NEVER_CLOSE = frozenset({"DJT001", "DJT101"})
# Decorators that run nothing around the body.
_SEE_THROUGH = frozenset({"staticmethod", "classmethod", "override", "final"})


def choose(
    finding: Finding, closer: Closer, source_of: Callable[[str], Source], wrap: Wrap = "auto", spawns: int = 1
) -> Edit:
    """Say which edit repairs a finding. Raise NoEditError, with the reason, where none does.

    ``spawns`` is how many findings speak of the same entry: one edit in place serves them all.
    """
    remedy = finding.remedy
    assert remedy is not None
    if remedy.blocked:
        raise NoEditError(remedy.blocked)
    if remedy.kind not in ("wrap", *KINDS, *ABOVE, OPTION):
        raise NoEditError("no edit is written for this code")
    if remedy.kind != "wrap":
        source = source_of(remedy.spawn.path)
        edit = Edit(_own(source.path), remedy.spawn, False, True, swap=remedy.kind)
        if remedy.kind in PLACES:
            return PLACES[remedy.kind](source, remedy, edit)
        return edit._replace(inner=remedy.target)
    all_databases = remedy.many_databases if closer == "auto" else closer == "close_all"
    against = _against_in_place(remedy, source_of)
    if (
        remedy.entry is not None
        and not against
        and (wrap == "inplace" or (wrap == "auto" and not (spawns <= _FEW and _is_long(finding, source_of))))
    ):
        span = remedy.entry.span
        if finding.code == "DJT007" and wrap == "auto" and (close := _close_of_one(remedy.entry.span, source_of)):
            return Edit(_own(close.path), close, False, True, swap="close-all")
        return Edit(_own(source_of(span.path).path), span, True, all_databases, move=finding.code == "DJT002")
    if wrap == "inplace":
        raise NoEditError(against)
    # What a helper does with its argument beside handing it to a thread is unknown: it may call it at once.
    target = remedy.inner or remedy.target
    if target is None and wrap == "auto" and remedy.entry is not None and not against:
        return choose(finding, closer, source_of, "inplace")
    if target is None:
        raise NoEditError(f"{against or 'wanted at the boundary'}, and no argument stands here that could be wrapped")
    source = source_of(target.path)
    if _is_kept_by_name(source, target):
        raise NoEditError(f"{against or 'wanted at the boundary'}, and a job store could not name a wrapped one")
    return Edit(_own(source.path), target, False, all_databases)


def _close_of_one(entry: Span, source_of: Callable[[str], Source]) -> Span | None:
    """The close at the end of the entry that could be one of all connections."""
    source = source_of(entry.path)
    node = definition_at(source, entry)
    call = close_of_one(source, node) if isinstance(node, ast.FunctionDef) else None
    return Span(source.path, *source.columns.whole(call)) if call is not None else None


def _is_long(finding: Finding, source_of: Callable[[str], Source]) -> bool:
    """Whether a body is so long that to indent all of it would hide what has changed.

    A ``try`` that is all of it gets its ``finally`` as it stands, and a close that it holds already is moved or
    completed in place.
    """
    entry = finding.remedy.entry if finding.remedy is not None else None
    if entry is None or entry.span.end_line - entry.span.line <= _LONG or finding.code not in _NEVER_CLOSE:
        return False
    node = definition_at(source_of(entry.span.path), entry.span)
    if not isinstance(node, ast.FunctionDef):
        return True
    own = node.body[ast.get_docstring(node, clean=False) is not None :]
    return not (len(own) == 1 and isinstance(own[0], ast.Try))


def _is_kept_by_name(source: Source, target: Span) -> bool:
    """Whether a job is handed to a scheduler that may put it into a job store, which keeps its name alone.

    In memory it surely stays where the file makes every scheduler itself, out of keywords that name no store.
    """
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    if not any(_method(call) == "add_job" and _hands_over(source, call, target) for call in calls):
        return False
    made = [call for call in calls if _named(call).endswith("Scheduler")]
    set_up = [*made, *(call for call in calls if _method(call) in ("configure", "add_jobstore"))]
    return not made or any(
        call.args or any(keyword.arg in (None, "gconfig", "jobstores", "jobstore") for keyword in call.keywords)
        for call in set_up
    )


def _hands_over(source: Source, call: ast.Call, target: Span) -> bool:
    values = (*call.args, *(keyword.value for keyword in call.keywords))
    return whole(target) in map(source.columns.whole, values)


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else _method(call)


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
        against = "the entry is a coroutine function: its body runs where it is awaited"
        if _is_made_sync(remedy, source_of):
            return against
        raise NoEditError(against)
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


def _is_made_sync(remedy: Remedy, source_of: Callable[[str], Source]) -> bool:
    """Whether what is handed over is ``async_to_sync(coroutine)``, which ends when the coroutine does."""
    if remedy.target is None or remedy.inner is not None:
        return False
    source = source_of(remedy.target.path)
    return any(
        isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] == "async_to_sync"
        and source.columns.whole(node) == whole(remedy.target)
        for node in ast.walk(source.tree)
    )
