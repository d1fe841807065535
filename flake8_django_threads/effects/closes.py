"""What a file's own functions do with Django's connections: closes, and what is taken for one.

Everything is resolved by running the functions, so that imports under other names, aliases and loops are seen through.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from flake8_django_threads.effects.connection_names import connection_names
from flake8_django_threads.effects.evidence import leaves
from flake8_django_threads.effects.explore import LIMITS, deep_stack, outer_function, outermost, reach, run_symbolically
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.values import flow
from flake8_django_threads.values.domain import NOTHING, Arguments, Ext, Frame, Instance, Vals, Value, one
from flake8_django_threads.values.externals import CONNECTIONS
from flake8_django_threads.values.interpreter import Interpreter, ignore

DEPTH, STEPS, MOST_ROOTS = 3, 10_000, 60
# Where it is asked what a file itself has written, a function that gives a connection is as far as one has to look.
OWN_DEPTH = 2
# What is asked of a connection in passing: it neither closes it nor looks as if it did.
_PASSING = frozenset(
    {"alias", "autocommit", "creation", "cursor", "data_types", "ensure_connection", "features", "force_debug_cursor"}
    | {"get_autocommit", "in_atomic_block", "introspection", "is_usable", "needs_rollback", "on_commit", "ops"}
    | {"queries", "queries_log", "savepoint_ids", "schema_editor", "settings_dict", "validation", "vendor"}
)
# Looks at the queries of the connection that it is given.
_WATCHER = "CaptureQueriesContext"
# Whether the connection was closed before it is forgotten takes a longer look.
_FORGETS = re.compile(r"\bdel\s[^\n]*\[")
_ROOTS = ("django.db.connection", "django.db.connections", "django.db.reset_queries")


class Use(NamedTuple):
    """One use of a connection, or of what holds them: ``path`` as the rows write it, ``.__enter__`` for a with
    statement, ``.__delitem__`` for ``del``, ``.__setitem__`` for an assignment, of which ``given`` is the value.

    ``stack`` are the calls on the way as (frame, position in it), outermost first; the last is the use itself.
    ``alias`` is the connection's, "*" for all and "?" where it is not known. ``closes`` says that a row calls it a
    close. ``off_loop``: it runs in a thread of its own although a coroutine asks for it.
    """

    path: str
    alias: str
    stack: tuple[tuple[Frame, r.At], ...]
    call: r.Call | None
    closes: bool
    off_loop: bool
    given: Vals = NOTHING

    @property
    def at(self) -> r.At:
        """The position of the use, in the file of the function that holds it."""
        return self.stack[-1][1]

    @property
    def frame(self) -> Frame:
        """The function that holds the use."""
        return self.stack[-1][0]

    def coroutine(self) -> int | None:
        """The index in the stack of the innermost coroutine that asks for the use; None if none does."""
        for index in range(len(self.stack) - 1, -1, -1):
            function = self.stack[index][0].function
            if function is not None and function.is_async:
                return index
        return None


def uses(run: Interpreter, module: r.ModuleFacts, spawns: bool = True) -> tuple[Use, ...]:
    """The uses met by running those functions of the module that name something of ``django.db``, in source order.

    Where no thread starts (``spawns``) what is asked of a connection in passing is no use.
    """
    found: dict[tuple[str, tuple[tuple[str, r.At], ...]], Use] = {}

    def note(path: str, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> None:
        closes = run.models.find("close", path) is not None
        if not closes and not path.startswith(_ROOTS):
            return
        calls = [(a.frame, a.call_at) for a in run.active]
        stack = (*((f, calls[i + 1][1]) for i, (f, _) in enumerate(calls[:-1])), (calls[-1][0] if calls else frame, at))
        alias = receiver.alias if isinstance(receiver, (Ext, Instance)) else ""
        given = arguments.get(1, "value") if path.endswith("__setitem__") else None
        use = Use(path, alias, stack, arguments.node, closes, run.off_loop > 0, given or NOTHING)
        found.setdefault((path, tuple((f.module.path, place) for f, place in stack)), use)

    # What was met before, with nobody who noted uses, is run again.
    run.evaluated = set()
    run.on_library = note
    coroutines = any(function.is_async for function in module.functions)
    deep = spawns or coroutines or _FORGETS.search(run.modules.text(module.path))
    depth = DEPTH if deep else OWN_DEPTH
    try:
        with deep_stack():
            for root, inside in _roots(run, module, frozenset() if spawns else _PASSING):
                with suppress(*LIMITS):
                    _run(run, module, root, inside, depth)
    finally:
        run.on_library = ignore
    own = [use for use in found.values() if any(frame.module is module for frame, _ in use.stack)]
    return tuple(sorted(own, key=lambda use: (use.at, use.path)))


def touches(run: Interpreter, module: r.ModuleFacts, function: r.Function) -> bool:
    """Whether an outermost function, run by itself, uses a connection of its own thread."""
    run.begin()
    with suppress(*LIMITS):
        frame = run_symbolically(run, outer_function(module, function), DEPTH, STEPS)
        trees = [known.summary.tree for known in run.memo.get(frame, ())]
        return any(isinstance(found.leaf, flow.Touch) for tree in trees for found in leaves(tree, module.path))
    return True


def is_connections(run: Interpreter, module: r.ModuleFacts, expr: r.Expr) -> bool:
    """Whether an expression, seen from the top of the module, is ``django.db.connections`` and nothing else."""
    with suppress(*LIMITS), run.detached():
        return run.evaluate(run.module_frame(module), expr) == one(Ext(CONNECTIONS))
    return False


def _run(
    run: Interpreter, module: r.ModuleFacts, root: r.Scope, inside: list[tuple[r.Call, r.Scope]], depth: int
) -> None:
    run.begin()
    frame: Frame | None = None
    if isinstance(root, r.Function):
        frame = run_symbolically(run, outer_function(module, root), depth, STEPS)
    for call, scope in inside:
        if (module.path, call.at) not in run.evaluated:
            reach(run, module, call, scope, root, frame, depth)


def _roots(
    run: Interpreter, module: r.ModuleFacts, passing: frozenset[str]
) -> Iterator[tuple[r.Scope, list[tuple[r.Call, r.Scope]]]]:
    """The outermost functions that name a connection, or call one that does, with the calls of their scopes."""
    names = connection_names(run, module)
    if not names:
        return
    lines = _lines(run.modules.text(module.path), names)
    scopes: tuple[r.ModuleFacts | r.Function, ...] = (
        module,
        *(f for f in module.functions if bisect_right(lines, f.at[2]) > bisect_left(lines, f.at[0])),
    )
    holding: set[r.Scope] = {scope for scope in scopes if _mentions(scope, names, passing)}
    roots = dict.fromkeys(outermost(scope) for scope in scopes if scope in holding)
    called = {root.name for root in roots if isinstance(root, r.Function)}
    for call, scope in module.calls:
        func = call.func
        name = func.id if isinstance(func, r.Name) else func.name if isinstance(func, r.Attr) else ""
        if name in called:
            roots[outermost(scope)] = None
    for root in list(roots)[:MOST_ROOTS]:
        yield root, [(c, s) for c, s in module.calls if s in holding and outermost(s) is root]


def imported_as(module: r.ModuleFacts, wanted: frozenset[str]) -> frozenset[str]:
    """The names themselves, and what the top of the module imports them as."""
    found = {alias for s in module.body if isinstance(s, r.ImportFrom) for name, alias in s.names if name in wanted}
    return wanted | found


def _lines(text: str, names: frozenset[str]) -> list[int]:
    """The numbers of the lines of a text that hold one of the names, in order."""
    found: set[int] = set()
    for name in names:
        place, number, counted = text.find(name), 1, 0
        while place >= 0:
            number += text.count("\n", counted, place)
            counted = place
            found.add(number)
            place = text.find(name, place + len(name))
    return sorted(found)


def _mentions(scope: r.ModuleFacts | r.Function, names: frozenset[str], passing: frozenset[str]) -> bool:
    """Whether a scope itself reads one of the names, and not only to have one of the ``passing`` attributes."""
    stack: list[object] = [scope.body]
    while stack:
        node = stack.pop()
        if isinstance(node, r.Name):
            if node.id in names:
                return True
        elif isinstance(node, r.ClassFact):
            stack.append(node.body)
        elif isinstance(node, r.Attr) and node.name in passing:
            base = node.base.base if isinstance(node.base, r.Index) else node.base
            if not isinstance(base, r.Name):
                stack.append(base)
            if isinstance(node.base, r.Index):
                stack.append(node.base.key)
        elif passing and isinstance(node, r.Call) and last_name(node.func) == _WATCHER:
            stack.extend(argument for argument in node.args if not isinstance(argument, r.Name))
        elif isinstance(node, tuple):
            stack.extend(node)
    return False
