"""With-statements: what entering and leaving a context manager does."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, calls, externals, flow, surroundings, targets, transactions
from flake8_django_threads.values.domain import (
    CONFIGURED,
    NONE,
    NOTHING,
    Arguments,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Pending,
    Unknown,
    Vals,
    Value,
    join,
    one,
    truth,
)
from flake8_django_threads.values.flow import sequence

# The cell of what entering a library's manager gives, where that is known.
ENTERED = "<entered>"
_NO_MANAGER: flow.Kind = ("TypeError", "Exception", "BaseException")
# What __exit__ gets of an exception: true, and not None.
_SOMETHING = one(Const("exception", "exception"))

if TYPE_CHECKING:
    from collections.abc import Callable

    from flake8_django_threads.values.interpreter import Interpreter


def run_with(run: Interpreter, frame: Frame, stmt: r.With, index: int) -> bool:
    """Run the with-statement from its ``index``-th item on; False if its end is not reached."""
    if index == len(stmt.items):
        return run.block(frame, stmt.body)
    item = stmt.items[index]
    manager = choose(run.evaluate(frame, item.manager))

    def body(entered: Vals) -> bool:
        if item.target is not None:
            targets.assign(run, frame, item.target, entered, None)
        return run_with(run, frame, stmt, index + 1)

    return around(run, manager, body, stmt.at, frame, stmt.is_async)


def around(
    run: Interpreter,
    manager: Value,
    body: Callable[[Vals], bool],
    at: r.At,
    frame: Frame,
    is_async: bool = False,
    written: tuple[str, r.At] | None = None,
) -> bool:
    """Run ``body`` inside ``manager``; False if its end is not reached.

    ``written`` is the file and position of what the manager stands around, where that is not the statement at ``at``.
    """
    if isinstance(manager, Pending) and manager.kind in ("manager", "generator"):
        _, yields, summary = calls.run_pending_quietly(run, manager, at)
        with run.writing() as items:
            live = body(yields or NONE)
        if summary is None:
            run.may_raise(at)
            for node in items:
                run.emit(node)
        else:
            run.emit(flow.WithGenerator(at, summary, sequence(items)))
            live = live or _may_swallow(summary.tree)
        return live
    if isinstance(manager, Instance) and _own(run, manager) is not None:
        return _around_instance(run, manager, body, at, frame, is_async)
    if isinstance(manager, Ext) and manager.path in externals.WRAPPERS:
        run.on_library(f"{manager.path}.__enter__", manager, Arguments(), at, frame)
        run.emit(flow.Raise(at, _NO_MANAGER))
        return False
    with run.writing() as enter:
        if isinstance(manager, Ext):
            run.on_library(f"{manager.path}.__enter__", manager, Arguments(), at, frame)
        entered_vals = entered(run, one(manager), at, frame)
        if isinstance(manager, (Ext, Instance)):
            externals.event(run, manager, "enter", at)
    before = len(run.pushed)
    around_body: AbstractContextManager[list[Vals]] = nullcontext([])
    inside: AbstractContextManager[transactions.Block | None] = nullcontext()
    if isinstance(manager, Ext) and manager.path == transactions.ATOMIC and not _refuses(run, frame):
        around_body = surroundings.block(run, manager.alias or flow.DEFAULT)
        inside = transactions.entered(run, manager, *(written or (frame.module.path, at)))
    with around_body as waiting, inside as block, run.writing() as items:
        live = body(entered_vals)
    if block is not None:
        run.on_block(block, sequence(items))
    if isinstance(manager, Ext) and len(run.pushed) > before:
        live = _cover(run, manager, items, live, before, at, frame)
    with run.writing() as leave:
        externals.leave(run, manager, at, frame)
    with run.writing() as committed:
        for callback in (v for callbacks in waiting for v in attributes.ordered(callbacks)):
            run.call(one(callback), Arguments(), at, frame)
    swallows: tuple[str, ...] | None = ()
    lines: tuple[flow.Kind, ...] = ()
    if isinstance(manager, Ext) and manager.path == "contextlib.suppress()" and isinstance(manager.site, tuple):
        names, lines = manager.site
        swallows = None if "BaseException" in names else names
    if enter or leave or items or committed:
        out = sequence(leave)
        plain = sequence([*leave, *committed])
        run.emit(flow.With(at, sequence(enter), sequence(items), plain, out, swallows, False, lines))
    return live or swallows != ()


def _refuses(run: Interpreter, frame: Frame) -> bool:
    """Whether Django refuses to begin a transaction here, for a coroutine asks for it."""
    return surroundings.in_loop(run) or (frame.function is not None and frame.function.is_async)


def _cover(
    run: Interpreter, stack: Ext, items: list[flow.Node], live: bool, before: int, at: r.At, frame: Frame
) -> bool:
    """Let what the with statement's own block pushes onto an ExitStack cover what follows the push, and no more.

    What is pushed elsewhere, in an arm or a helper, covers all of the block. Gives whether its end is reached.
    """
    own = [push for push in run.pushed[before:] if push[0] == stack]
    run.pushed[before:] = [push for push in run.pushed[before:] if push[0] != stack]
    for _, written, position, value, is_manager in reversed(own):
        start = position if written is items else 0
        rest = sequence(items[start:])

        def body(_: Vals, rest: flow.Node = rest, live: bool = live) -> bool:
            run.emit(rest)
            return live

        with run.writing() as covered:
            if is_manager:
                live = around(run, value, body, at, frame)
            else:
                with run.writing() as leave:
                    run.call(one(value), Arguments(), at, frame)
                out = sequence(leave)
                run.emit(flow.With(at, flow.NOTHING, rest, out, out))
        items[start:] = covered
    cell = (stack, "<callbacks>")
    run.store.set(cell, (run.store.get(cell) or NOTHING) - {push[3] for push in own})
    return live


def _may_swallow(node: flow.Node) -> bool:
    """Whether a generator manager's own tree may catch what its body raises."""
    match node:
        case flow.Seq():
            return any(map(_may_swallow, node.items))
        case flow.Branch():
            return any(map(_may_swallow, node.arms))
        case flow.Try():
            return bool(node.handlers) or _may_swallow(node.body) or _may_swallow(node.final)
        case flow.With():
            return node.swallows != () or node.may_swallow or _may_swallow(node.body)
        case flow.WithGenerator():
            return _may_swallow(node.summary.tree) or _may_swallow(node.body)
        case flow.Loop() | flow.ForGenerator():
            return _may_swallow(node.body)
        case flow.Rounds():
            return any(map(_may_swallow, node.bodies))
    return False


def _own(run: Interpreter, manager: Instance, is_async: bool = False) -> str | None:
    for name in ("__aexit__", "__exit__") if is_async else ("__exit__", "__aexit__"):
        if attributes.lookup(run, manager.klass, name) is not None:
            return name
    return None


def _around_instance(
    run: Interpreter, manager: Instance, body: Callable[[Vals], bool], at: r.At, frame: Frame, is_async: bool = False
) -> bool:
    exit_name = _own(run, manager, is_async) or "__exit__"
    enter_name = "__aenter__" if exit_name == "__aexit__" else "__enter__"
    with run.writing() as enter:
        entered_vals = _awaited(run, attributes.dunder(run, manager, enter_name, (), at, frame), at, frame) or one(
            manager
        )
    with run.writing() as items:
        live = body(entered_vals)
    with run.writing() as leave:
        _awaited(run, attributes.dunder(run, manager, exit_name, (NONE, NONE, NONE), at, frame), at, frame)
    raised = (_SOMETHING, _SOMETHING, _SOMETHING)
    run.store.enter()
    with run.writing() as leave_on_exception:
        answer = _awaited(run, attributes.dunder(run, manager, exit_name, raised, at, frame), at, frame) or NONE
    run.store.leave()
    swallows = truth(answer)
    node = flow.With(
        at,
        sequence(enter),
        sequence(items),
        sequence(leave),
        sequence(leave_on_exception),
        None if swallows else (),
        swallows is None and not all(isinstance(v, Unknown) for v in answer),
    )
    run.emit(node)
    return live or swallows is not False


def _awaited(run: Interpreter, vals: Vals | None, at: r.At, frame: Frame) -> Vals | None:
    if vals is None:
        return None
    return join(calls.wait_for(run, v, at, frame) for v in attributes.ordered(vals))


def choose(values: Vals) -> Value:
    """The one manager to follow where several are possible: the one about which most is known."""
    rank: dict[type, int] = {Pending: 0, Instance: 1, Ext: 2}
    return min(attributes.ordered(values), key=lambda v: rank.get(type(v), 3), default=Unknown("context manager"))


def entered(run: Interpreter, values: Vals, at: r.At, frame: Frame) -> Vals:
    """What ``as`` gives: the yielded value, the result of ``__enter__``, or, of a library's manager, itself."""
    found: list[Vals] = []
    for value in attributes.ordered(values):
        if isinstance(value, Pending):
            found.append(calls.run_pending_quietly(run, value, at)[1])
        elif isinstance(value, Instance):
            found.append(attributes.dunder(run, value, "__enter__", (), at, frame) or one(value))
        else:
            kept = run.store.get((value, ENTERED)) if isinstance(value, Ext) and value.site is not None else None
            found.append(one(externals.entered(value)) if kept is None else kept)
    return join(found) or NOTHING


def decorate(run: Interpreter, manager: Value, function: Vals, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call ``function`` inside ``manager``: a context manager used as decorator."""
    result: list[Vals] = []

    def body(_: Vals) -> bool:
        result.append(run.call(function, arguments, at, frame))
        return True

    functions = [v for v in function if isinstance(v, Func)]
    written = (functions[0].module.path, functions[0].function.at) if functions else None
    around(run, manager, body, at, frame, written=written)
    return join(result)


def shut_test(run: Interpreter, frame: Frame, test: r.Expr) -> bool | None:
    """Which outcome of the test means that the connection is shut; None for any other test."""
    if isinstance(test, r.Not):
        inner = shut_test(run, frame, test.operand)
        return None if inner is None else not inner
    if isinstance(test, r.Compare) and len(test.ops) == 1 and test.ops[0] in ("is", "is not", "==", "!="):
        left, right = test.operands
        if isinstance(right, r.Const) and right.value is None and _driver_connection(run, frame, left):
            return test.ops[0] in ("is", "==")
        return None
    return False if _driver_connection(run, frame, test) else None


def _driver_connection(run: Interpreter, frame: Frame, expr: r.Expr) -> bool:
    if not (isinstance(expr, r.Attr) and expr.name == "connection"):
        return False
    with run.writing():
        base = run.evaluate(frame, expr.base)
    return bool(base) and all(
        isinstance(v, Ext) and v.path in ("django.db.connection", "django.db.connections[]") for v in base
    )


def configured(values: Vals) -> bool:
    """Whether a test's outcome hangs on the deployment: a setting or an environment variable."""
    return any(isinstance(v, Unknown) and v.reason == CONFIGURED for v in values)


def _only_closes(node: flow.Node) -> bool:
    """Whether an arm does nothing but close, by itself, in a loop over all connections or in a function of its own."""
    match node:
        case flow.Close():
            return True
        case flow.Seq():
            rest = [item for item in node.items if not isinstance(item, flow.MayRaise)]
            return bool(rest) and all(map(_only_closes, rest))
        case flow.Loop():
            return node.at_least_once and node.head == flow.NOTHING and _only_closes(node.body)
        case flow.Invoke():
            return node.summary.complete and _only_closes(node.summary.tree)
    return False


def settle(node: flow.Node) -> flow.Node:
    """A branch that configuration decides: a close in one arm counts for the other."""
    if isinstance(node, flow.Branch) and flow.NOTHING in node.arms:
        others = [arm for arm in node.arms if arm != flow.NOTHING]
        if others and all(map(_only_closes, others)):
            return others[0]._replace(sure=False) if isinstance(others[0], flow.Close) else others[0]
    return node
