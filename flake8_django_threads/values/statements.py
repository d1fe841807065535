"""Statements: what each does to the values and writes to the flow tree; False where its end is not reached.

Loops and branches have files of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    branches,
    construction,
    context_managers,
    exceptions,
    expressions,
    flow,
    operations,
    targets,
)
from flake8_django_threads.values.domain import (
    NOTHING,
    ClassValue,
    Const,
    Frame,
    Vals,
    join,
    unknown,
)
from flake8_django_threads.values.flow import Node, sequence
from flake8_django_threads.values.store import Delta

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Runner
    from flake8_django_threads.values.interpreter import Interpreter


def _evaluate(run: Interpreter, frame: Frame, stmt: r.Evaluate) -> bool:
    run.evaluate(frame, stmt.value)
    return not expressions.never_returns(run, frame, stmt.value)


def _assign(run: Interpreter, frame: Frame, stmt: r.Assign) -> bool:
    vals = run.evaluate(frame, stmt.value)
    for target in stmt.targets:
        targets.assign(run, frame, target, vals, stmt.value)
    return True


def _annotate(run: Interpreter, frame: Frame, stmt: r.Annotate) -> bool:
    if stmt.value is not None:
        vals = run.evaluate(frame, stmt.value)
        vals = run.annotations.typed(frame, vals, stmt.annotation)
        targets.assign(run, frame, stmt.target, vals, stmt.value)
    elif isinstance(stmt.target, r.Name) and frame.function is not None:
        run.store.set((frame, stmt.target.id), run.annotations.annotated(frame, stmt.annotation))
    return True


def _augment(run: Interpreter, frame: Frame, stmt: r.Augment) -> bool:
    vals = operations.operate(run, frame, stmt.op, (stmt.target, stmt.value), stmt.at, in_place=True)
    targets.assign(run, frame, stmt.target, vals, stmt.value)
    return True


def _delete(run: Interpreter, frame: Frame, stmt: r.Delete) -> bool:
    for target in stmt.targets:
        if isinstance(target, r.Name):
            run.store.set((frame, target.id), unknown("deleted name"))
        elif isinstance(target, (r.Attr, r.Index)):
            targets.delete(run, frame, target)
    return True


def _return(run: Interpreter, frame: Frame, stmt: r.Return) -> bool:
    vals = run.evaluate(frame, stmt.value) if stmt.value is not None else frozenset({Const(None, "NoneType")})
    if run.active:
        running = run.active[-1]
        running.result = join((running.result, vals))
        running.exits.append(run.store.since(running.depth))
    run.emit(flow.Jump(stmt.at, "return"))
    return False


def _raise(run: Interpreter, frame: Frame, stmt: r.Raise) -> bool:
    kinds = [flow.ANY]
    if stmt.exception is not None:
        vals = run.evaluate(frame, stmt.exception)
        exceptions.remember(run, vals)
        if run.active:
            exceptions.take_along(run, run.active[-1], vals)
        if stmt.cause is not None:
            run.evaluate(frame, stmt.cause)
        kinds = exceptions.kinds(run, vals)
    nodes = tuple(flow.Raise(stmt.at, kind) for kind in kinds)
    run.emit(nodes[0] if len(nodes) == 1 else flow.Branch(stmt.at, nodes))
    return False


def _assert(run: Interpreter, frame: Frame, stmt: r.Assert) -> bool:
    """What is asserted is tested as by an ``if``; the message is only made for the exception."""
    made = r.Call(stmt.at, r.Name(stmt.at, "AssertionError"), (stmt.message,) if stmt.message is not None else (), ())
    failing = r.Raise(stmt.at, made, None)
    return branches.if_statement(run, frame, r.If(stmt.at, stmt.test, (), (failing,)))


def _try(run: Interpreter, frame: Frame, stmt: r.Try) -> bool:
    before = run.active[-1].result if run.active else NOTHING
    body_live = False

    def body() -> bool:
        nonlocal body_live
        body_live = run.block(frame, stmt.body)
        return True

    body_node, body_delta = run.arm(body)
    assert body_delta is not None
    ends: list[Delta] = []
    else_node: Node = flow.NOTHING
    if body_live:
        run.store.enter()
        run.store.merge([body_delta])
        with run.writing() as items:
            else_live = run.block(frame, stmt.orelse)
        else_node = sequence(items)
        delta = run.store.leave()
        if else_live:
            ends.append(delta)
    catches = []
    for handler in stmt.handlers:
        run.store.enter()
        run.store.merge([body_delta, {}])
        classes = exceptions.classes(run, frame, handler.kind)
        names = exceptions.caught(classes)
        with run.writing() as items:
            if handler.name is not None:
                run.store.set((frame, handler.name), exceptions.instances(run, classes, names))
            handler_live = run.block(frame, handler.body)
        delta = run.store.leave()
        catches.append(flow.Catch(handler.at, names, sequence(items), exceptions.lines(run, classes)))
        if handler_live:
            ends.append(delta)
    with run.writing() as items:
        run.store.merge(ends or [body_delta, {}])
        final_live = _final(run, frame, stmt.final, before) if stmt.final else True
    node = flow.Try(stmt.at, body_node, tuple(catches), else_node, sequence(items), stmt.is_star)
    if node[1:5] != (flow.NOTHING, (), flow.NOTHING, flow.NOTHING):
        run.emit(node)
    return bool(ends) and final_live


def _final(run: Interpreter, frame: Frame, block: r.Block, before: Vals) -> bool:
    """Run a ``finally``; one that never reaches its end drops what the rest of the statement returned."""
    running = run.active[-1] if run.active else None
    returned = running.result if running is not None else NOTHING
    if running is not None:
        running.result = before
    live = run.block(frame, block)
    if running is not None and live:
        running.result = join((running.result, returned))
    return live


def _with(run: Interpreter, frame: Frame, stmt: r.With) -> bool:
    return context_managers.run_with(run, frame, stmt, 0)


def _import(run: Interpreter, frame: Frame, stmt: r.Import | r.ImportFrom) -> bool:
    for name, vals in run.names.imported(frame.module, stmt):
        run.bind(frame, name, vals)
    return True


def _define(run: Interpreter, frame: Frame, stmt: r.Define) -> bool:
    run.bind(frame, stmt.function.name, run.names.function_value(frame, stmt.function))
    return True


def _define_class(run: Interpreter, frame: Frame, stmt: r.DefineClass) -> bool:
    vals = run.names.class_value(frame, stmt.klass)
    run.bind(frame, stmt.klass.name, vals)
    live = True
    for value in vals:
        nested = frame.function is not None or frame.klass is not None
        if isinstance(value, ClassValue) and value.fact is stmt.klass and nested:
            live = run.block(run.class_frame(value), stmt.klass.body)
        if isinstance(value, ClassValue) and (stmt.klass.bases or stmt.klass.keywords or nested):
            construction.class_made(run, value, stmt.at, frame)
    return live


STATEMENTS: dict[type, Runner] = {
    r.Evaluate: _evaluate,
    r.Assign: _assign,
    r.Annotate: _annotate,
    r.Augment: _augment,
    r.Delete: _delete,
    r.Return: _return,
    r.Raise: _raise,
    r.Assert: _assert,
    r.Try: _try,
    r.With: _with,
    r.Import: _import,
    r.ImportFrom: _import,
    r.Define: _define,
    r.DefineClass: _define_class,
}
