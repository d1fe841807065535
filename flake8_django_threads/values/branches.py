"""Statements of which one arm runs: ``if`` and ``match``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import expressions_in
from flake8_django_threads.values import (
    conditions,
    context_managers,
    flow,
    operations,
    patterns,
)
from flake8_django_threads.values.domain import (
    CONFIGURED,
    Frame,
    Vals,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Runner
    from flake8_django_threads.values.interpreter import Interpreter


def if_statement(run: Interpreter, frame: Frame, stmt: r.If) -> bool:
    """Run the arm that the test decides for, else both as alternatives."""
    if isinstance(stmt.test, r.BoolOp) and acts(run, frame, stmt.test):
        return _if_first(run, frame, stmt, stmt.test)
    vals = run.evaluate(frame, stmt.test)
    if operations.from_settings(vals):
        vals = unknown(CONFIGURED)
    decided = conditions.tested(run, frame, stmt.test, vals, stmt.at)
    if decided is not None:
        return run.block(frame, stmt.body if decided else stmt.orelse)
    shut_when = context_managers.shut_test(run, frame, stmt.test)

    def then(taken: bool, block: r.Block) -> Callable[[], bool]:
        def chosen() -> bool:
            if shut_when is taken:
                run.emit(flow.AssumeShut(stmt.at))
            conditions.narrow(run, frame, stmt.test, taken)
            return run.block(frame, block)

        return chosen

    arms = (then(True, stmt.body), then(False, stmt.orelse))
    if context_managers.configured(vals) or _is_flag(run, frame, stmt.test):
        with run.writing() as items:
            live = run.alternatives(stmt.at, arms)
        for item in items:
            run.emit(context_managers.settle(item))
        return live
    return run.alternatives(stmt.at, arms)


def acts(run: Interpreter, frame: Frame, test: r.BoolOp) -> bool:
    """Whether operands behind the first do something to a connection: which arm runs then goes with the state."""
    if not any(isinstance(part, r.Call) for operand in test.operands[1:] for part in expressions_in(operand)):
        return False
    run.store.enter()
    try:
        with run.writing() as items:
            run.evaluate(frame, test)
    finally:
        run.store.leave()
    return any(isinstance(item, flow.Branch) and flow.acts(item) for item in items)


def _if_first(run: Interpreter, frame: Frame, stmt: r.If, test: r.BoolOp) -> bool:
    """Decide by the first operand alone where it decides, and by the others where it does not."""
    first, others = test.operands[0], test.operands[1:]
    rest = others[0] if len(others) == 1 else r.BoolOp(test.at, test.op, others)
    inner = (r.If(stmt.at, rest, stmt.body, stmt.orelse),)
    whole = r.If(stmt.at, first, stmt.body, inner) if test.op == "or" else r.If(stmt.at, first, inner, stmt.orelse)
    return if_statement(run, frame, whole)


def _is_flag(run: Interpreter, frame: Frame, test: r.Expr) -> bool:
    """A local name that only ever holds constants, several of them: which one it holds here goes with the path."""
    if isinstance(test, r.Not):
        return _is_flag(run, frame, test.operand)
    if not (isinstance(test, r.Name) and frame.function is not None and test.id in frame.function.local_names):
        return False
    given = run.names.table(frame.function).names.get(test.id, [])
    return len(given) > 1 and all(isinstance(binding.expr, r.Const) for binding in given)


def _match_statement(run: Interpreter, frame: Frame, stmt: r.Match) -> bool:
    """Run the arms that may fit the subject, in their order."""
    subject = run.evaluate(frame, stmt.subject)

    def from_case(index: int) -> bool:
        """Run the arm that fits, of those that may; a guard runs before the next arm is looked at."""
        arms: list[Callable[[], bool]] = []
        for position, case in enumerate(stmt.cases[index:], index):
            bound: dict[str, Vals] = {}
            fits = patterns.match(run, frame, case.pattern, subject, stmt.at, bound)
            if fits is False:
                continue
            if case.guard is not None:
                arms.append(partial(guarded, position, case.guard, bound, fits))
                break
            arms.append(partial(body, case, bound))
            if fits or case.irrefutable:
                break
        else:
            arms.append(lambda: True)
        return arms[0]() if len(arms) == 1 else run.alternatives(stmt.at, arms)

    def body(case: r.Case, bound: dict[str, Vals]) -> bool:
        for name in case.names:
            run.bind(frame, name, bound.get(name) or unknown("part of a match subject"))
        return run.block(frame, case.body)

    def guarded(index: int, guard: r.Expr, bound: dict[str, Vals], fits: bool | None) -> bool:
        case = stmt.cases[index]

        def decide() -> bool:
            for name in case.names:
                run.bind(frame, name, bound.get(name) or unknown("part of a match subject"))
            vals = run.evaluate(frame, guard)
            outcomes.append(conditions.tested(run, frame, guard, vals, stmt.at))
            return True

        outcomes: list[bool | None] = []
        run.alternatives(stmt.at, [decide] if fits else [decide, lambda: True])
        if outcomes == [False]:
            return from_case(index + 1)
        if fits and outcomes == [True]:
            return body(case, bound)
        return run.alternatives(stmt.at, [partial(body, case, bound), partial(from_case, index + 1)])

    return from_case(0)


STATEMENTS: dict[type, Runner] = {r.If: if_statement, r.Match: _match_statement}
