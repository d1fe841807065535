"""Comprehensions and generator expressions: their rounds, and what consuming a lazy one runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    boxes,
    conditions,
    iteration,
    surroundings,
    targets,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Box,
    Frame,
    Lazy,
    Vals,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Evaluator
    from flake8_django_threads.values.interpreter import Interpreter

COMPREHENSION = "<comprehension>"


def _comprehension(run: Interpreter, frame: Frame, expr: r.Comprehension) -> Vals:
    first = run.evaluate(frame, expr.clauses[0].iterable)
    scope = _scope(run, frame, expr)
    if expr.kind == "generator":
        return one(Lazy(expr, scope, first))
    found: list[tuple[Vals, ...]] = []
    sure = _rounds(run, scope, expr, 0, found.append, first)
    site = run.site(frame, expr.at)
    if expr.kind == "dict":
        table = Box("dict", site)
        if boxes.is_new(run, table):
            boxes.clear(run, table)
        for key, value in found:
            if sure or boxes.holds(run, table, key) is None:
                boxes.put(run, table, key, value)
            else:
                boxes.put(
                    run,
                    table,
                    key,
                    join((boxes.get(run, table, key) if boxes.holds(run, table, key) else NOTHING, value)),
                )
        if not sure:
            boxes.loosen(run, table)
        return one(table)
    if sure and expr.kind == "list":
        return one(boxes.make(run, "list", site, [parts[-1] for parts in found]))
    box = Box(expr.kind, site)
    held = join(parts[-1] for parts in found)
    run.store.add((box, ANY_KEY), held or unknown("element of an empty comprehension"))
    return one(box)


def _scope(run: Interpreter, frame: Frame, expr: r.Comprehension) -> Frame:
    """The frame of a comprehension's own variables; like a function's, it does not see a class body around it."""

    def make() -> Frame:
        names = frozenset(name for clause in expr.clauses for name in targets.names(clause.target))
        around = frame.code.function
        function = r.Function(COMPREHENSION, around.qualname if around else "", expr.at, (), (), local_names=names)
        parent = frame if frame.function is not None else frame.parent
        return Frame(frame.module, function, parent, None, frame.symbolic, frame.code)

    return run.intern((COMPREHENSION, frame, expr.at), make)


def consume(run: Interpreter, lazy: Lazy) -> Vals:
    """Run a generator expression to its end: its elements."""
    assert isinstance(lazy.node, r.Comprehension)
    found: list[tuple[Vals, ...]] = []
    _rounds(run, lazy.frame, lazy.node, 0, found.append, lazy.first)
    return join(parts[-1] for parts in found) or unknown("element of an empty comprehension")


def lazy_turns(run: Interpreter, lazy: Lazy) -> iteration.Turns | None:
    """The rounds of a generator expression over something whose elements are told apart."""
    node = lazy.node
    assert isinstance(node, r.Comprehension)
    clause = node.clauses[0]
    inner = iteration.turns(run, lazy.first, node.at, lazy.frame) if len(node.clauses) == 1 else None
    if inner is None or clause.is_async:
        return None
    outer = iteration.Turns([])

    def turn(step: Callable[[iteration.Use], bool], use: iteration.Use) -> bool:
        def taken(part: Vals) -> bool:
            targets.assign(run, lazy.frame, clause.target, part, None)

            def chosen() -> bool:
                return use([run.evaluate(lazy.frame, element) for element in node.elements][-1])

            live, is_sure = _tested(run, lazy.frame, clause.tests, node.at, chosen)
            outer.exact = outer.exact and is_sure
            return live

        live = step(taken)
        outer.exact = outer.exact and inner.exact
        return live

    outer.items = [partial(turn, step) for step in inner.items]
    return outer


def _tested(
    run: Interpreter, frame: Frame, tests: tuple[r.Expr, ...], at: r.At, chosen: Callable[[], bool]
) -> tuple[bool, bool]:
    """Run ``chosen`` where the tests of a comprehension let an element through; also, whether that is decided."""
    if not tests:
        return chosen(), True
    vals = run.evaluate(frame, tests[0])
    decided = conditions.tested(run, frame, tests[0], vals, at)
    if decided is False:
        return True, True
    if decided:
        return _tested(run, frame, tests[1:], at, chosen)

    def passed() -> bool:
        conditions.narrow(run, frame, tests[0], True)
        return _tested(run, frame, tests[1:], at, chosen)[0]

    return run.alternatives(at, (passed, lambda: True)), False


def _rounds(
    run: Interpreter,
    frame: Frame,
    expr: r.Comprehension,
    index: int,
    found: Callable[[tuple[Vals, ...]], None],
    first: Vals | None = None,
) -> bool:
    """Run a comprehension from its ``index``-th clause on; True if what was found is surely all there is, in order."""
    if index == len(expr.clauses):
        found(tuple([run.evaluate(frame, element) for element in expr.elements]))
        return True
    clause = expr.clauses[index]
    iterable = run.evaluate(frame, clause.iterable) if first is None else first
    turns = None if clause.is_async else iteration.turns(run, iterable, expr.at, frame)
    sure = True

    def chosen() -> bool:
        nonlocal sure
        sure = _rounds(run, frame, expr, index + 1, found) and sure
        return True

    def body(part: Vals) -> bool:
        nonlocal sure
        targets.assign(run, frame, clause.target, part, None)
        live, is_sure = _tested(run, frame, clause.tests, expr.at, chosen)
        sure = sure and is_sure
        return live

    if turns is not None:
        run.rounds(frame, expr.at, [partial(turn, body) for turn in turns.items], ())
        return sure and turns.exact
    current: list[Vals] = []

    def head() -> None:
        with surroundings.loop(run, False) if clause.is_async else nullcontext():
            current[:] = [iteration.elements(run, iterable, expr.at, frame)]

    at_least_once = iteration.at_least_once(run, iterable) and not clause.tests
    run.loop(frame, expr.at, head, lambda: body(current[0]), (), at_least_once, False)
    return False


EXPRESSIONS: dict[type, Evaluator] = {r.Comprehension: _comprehension}
