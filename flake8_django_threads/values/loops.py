"""Loops: their rounds, what jumps carry out of them, and their nodes in the flow tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import expressions_in, last_name, words
from flake8_django_threads.values import (
    branches,
    calls,
    conditions,
    flow,
    iteration,
    surroundings,
    targets,
)
from flake8_django_threads.values.activations import Around
from flake8_django_threads.values.domain import (
    Box,
    Frame,
    Lazy,
    Pending,
    Vals,
    unknown,
)
from flake8_django_threads.values.flow import Node, sequence
from flake8_django_threads.values.store import Delta

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Runner
    from flake8_django_threads.values.interpreter import Interpreter


def _while_loop(run: Interpreter, frame: Frame, stmt: r.While) -> bool:
    """Run a ``while``; one over a true constant only ends by a jump."""
    test = stmt.test
    if isinstance(test, r.BoolOp) and test.op == "and" and not stmt.orelse and branches.acts(run, frame, test):
        # What the later operands have run goes with whether there is a round.
        rest = test.operands[1] if len(test.operands) == 2 else r.BoolOp(test.at, test.op, test.operands[1:])
        inner = r.If(stmt.at, rest, stmt.body, (r.Break(stmt.at),))
        return _while_loop(run, frame, r.While(stmt.at, test.operands[0], (inner,), ()))
    never = False

    def head() -> None:
        nonlocal never
        vals = run.evaluate(frame, stmt.test)
        conditions.use_as_bool(run, frame, vals, stmt.at)
        never = run.sure is not None and run.sure[0] is stmt.test and not run.sure[1]

    def body() -> bool:
        return not never and run.block(frame, stmt.body)

    endless = isinstance(stmt.test, r.Const) and bool(stmt.test.value)
    return loop(run, frame, stmt.at, head, body, stmt.orelse, endless, endless)


def _for_loop(run: Interpreter, frame: Frame, stmt: r.For) -> bool:
    """Run a ``for``: over a generator's body, over known items one by one, else over what any item may be."""
    iterable = run.evaluate(frame, stmt.iterable)
    if len(iterable) == 1:
        (value,) = iterable
        if isinstance(value, Pending) and value.kind == "generator":
            return _for_generator(run, frame, stmt, value)
    one_by_one = not (stmt.is_async or _only_counts(frame, stmt, iterable))
    turns = iteration.turns(run, iterable, stmt.at, frame) if one_by_one else None
    if turns is not None:

        def use(part: Vals) -> bool:
            targets.assign(run, frame, stmt.target, part, None)
            return run.block(frame, stmt.body)

        return rounds(run, frame, stmt.at, [partial(turn, use) for turn in turns.items], stmt.orelse)
    if len(iterable) == 1:
        (value,) = iterable
        if isinstance(value, Lazy) and isinstance(value.node, r.Comprehension) and len(value.node.clauses) == 1:
            return _for_lazy(run, frame, stmt, value, value.node)
    first: list[Vals] = []

    def head() -> None:
        with surroundings.loop(run, False) if stmt.is_async else nullcontext():
            first[:] = [iteration.elements(run, iterable, stmt.at, frame)]

    def body() -> bool:
        targets.assign(run, frame, stmt.target, first[0], None)
        return run.block(frame, stmt.body)

    sure = iteration.at_least_once(run, iterable)
    return loop(run, frame, stmt.at, head, body, stmt.orelse, sure, False)


def _only_counts(frame: Frame, stmt: r.For, iterable: Vals) -> bool:
    """Whether a loop goes through numbers that choose nothing in its body: work that is done again, as in a retry.

    Its rounds are alike. Run one by one, each would make objects of its own, and every call with them anew.
    """
    if not all(isinstance(v, Box) and v.kind == "range" for v in iterable):
        return False
    name = last_name(stmt.target)
    if frame.function is not None and name in frame.function.cell_names:
        return False
    return not any(_chooses(part, name) for part in expressions_in(stmt.body))


def _chooses(part: object, name: str) -> bool:
    """Whether a number may decide by this what is run: an item, a branch, an attribute, what code is given."""
    match part:
        case r.Index() | r.Compare() | r.IfExpr() | r.BoolOp() | r.Not():
            return name in words(part)
        case r.If() | r.While():
            return name in words(part.test)
        case r.Call():
            given = (*part.args, *(keyword.value for keyword in part.keywords))
            return name in map(last_name, given) or (last_name(part.func) == "getattr" and name in words(part))
    return False


def _for_lazy(run: Interpreter, frame: Frame, stmt: r.For, lazy: Lazy, node: r.Comprehension) -> bool:
    """A loop over a generator expression: each element is made when its round begins."""
    clause = node.clauses[0]
    first: list[Vals] = []

    def head() -> None:
        first[:] = [iteration.elements(run, lazy.first, node.at, lazy.frame)]

    def chosen() -> bool:
        made = [run.evaluate(lazy.frame, element) for element in node.elements]
        targets.assign(run, frame, stmt.target, made[-1], None)
        return run.block(frame, stmt.body)

    def body() -> bool:
        targets.assign(run, lazy.frame, clause.target, first[0], None)
        for test in clause.tests:
            conditions.use_as_bool(run, lazy.frame, run.evaluate(lazy.frame, test), node.at)
        return run.alternatives(stmt.at, (chosen, lambda: True)) if clause.tests else chosen()

    sure = not clause.tests and iteration.at_least_once(run, lazy.first)
    return loop(run, frame, stmt.at, head, body, stmt.orelse, sure, False)


def _for_generator(run: Interpreter, frame: Frame, stmt: r.For, generator: Pending) -> bool:
    _, yields, summary = calls.run_pending_quietly(run, generator, stmt.at)

    def body() -> bool:
        targets.assign(run, frame, stmt.target, yields or unknown("yielded value"), None)
        return run.block(frame, stmt.body)

    with run.writing() as items:
        loop(run, frame, stmt.at, lambda: None, body, (), False, False)
    body_node = next((node.body for node in items if isinstance(node, flow.Loop)), flow.NOTHING)
    with run.writing() as else_items:
        live = run.block(frame, stmt.orelse)
    if summary is None:
        run.may_raise(stmt.at)
        run.emit(flow.Loop(stmt.at, flow.NOTHING, body_node, sequence(else_items), False, False))
    else:
        if run.active:
            run.active[-1].summary.unknown |= summary.unknown
        run.emit(flow.ForGenerator(stmt.at, summary, body_node, sequence(else_items)))
    return live or _breaks(body_node)


def loop(
    run: Interpreter,
    frame: Frame,
    at: r.At,
    head: Callable[[], None],
    body: Callable[[], bool],
    orelse: r.Block,
    sure: bool,
    endless: bool,
) -> bool:
    """Run a loop's parts until its values are stable (two rounds at most) and write its node."""
    around = Around(run.store.depth, run.store.depth)
    head_node: Node = flow.NOTHING
    body_node: Node = flow.NOTHING
    ends: list[Delta] = []
    for _ in (1, 2):
        run.store.enter()
        around.breaks, around.continues = [], []
        with _inside(run, around):
            with run.writing() as head_items:
                head()
            with run.writing() as body_items:
                live = body()
        delta = run.store.leave()
        head_node, body_node = sequence(head_items), sequence(body_items)
        ends = [*around.continues, delta] if live else list(around.continues)
        if not run.store.merge([*ends, {}]):
            break
    if sure and ends:
        # The state before the loop is one from which a round may begin, but not one in which the loop ends.
        run.store.merge(ends)
    reaches_end = not endless and (bool(ends) or not sure)
    else_node, live = _loop_else(run, frame, orelse, around.breaks, reaches_end)
    if head_node != flow.NOTHING or body_node != flow.NOTHING or else_node != flow.NOTHING or endless:
        run.emit(flow.Loop(at, head_node, body_node, else_node, sure, endless))
    return live or _breaks(body_node)


def rounds(run: Interpreter, frame: Frame, at: r.At, bodies: Sequence[Callable[[], bool]], orelse: r.Block) -> bool:
    """Run a loop whose rounds are known, each once and in order."""
    if not bodies:
        return run.block(frame, orelse)
    outer, unrolled = run.round, run.unrolled
    run.unrolled *= len(bodies)
    around = Around(run.store.depth, run.store.depth)
    nodes: list[Node] = []
    run.store.enter()
    ends: list[Delta] = [{}]
    for index, body in enumerate(bodies):
        run.round = (*outer, at, index) if len(bodies) > 1 else outer
        around.round_depth, around.continues = run.store.depth, []
        run.store.enter()
        with _inside(run, around), run.writing() as items:
            live = body()
        delta = run.store.leave()
        nodes.append(sequence(items))
        ends = [*around.continues, delta] if live else list(around.continues)
        if not ends:
            break
        run.store.merge(ends)
    run.round, run.unrolled = outer, unrolled
    done = run.store.leave()
    if ends:
        run.store.merge([done])
    else_node, live = _loop_else(run, frame, orelse, around.breaks, bool(ends))
    if any(map(_jumps, nodes)):
        run.emit(flow.Rounds(at, tuple(nodes), else_node))
    else:
        run.emit(sequence([*nodes, else_node]))
    return live or any(map(_breaks, nodes))


@contextmanager
def _inside(run: Interpreter, around: Around) -> Iterator[None]:
    """Let jumps leave, or go on with, this loop."""
    if not run.active:
        yield
        return
    loops = run.active[-1].loops
    loops.append(around)
    try:
        yield
    finally:
        loops.pop()


def _loop_else(
    run: Interpreter, frame: Frame, orelse: r.Block, breaks: list[Delta], is_reached: bool
) -> tuple[Node, bool]:
    """What runs where a loop ends by itself, and whether the end of that is reached; then what breaks left."""
    ends: list[Delta] = [{}] if is_reached else []
    items: list[Node] = []
    if orelse and is_reached:
        run.store.enter()
        with run.writing() as items:
            live = run.block(frame, orelse)
        delta = run.store.leave()
        ends = [delta] if live else []
    after = [*ends, *breaks]
    if after and after != [{}]:
        run.store.merge(after)
    return sequence(items), bool(ends)


def _jump(run: Interpreter, _frame: Frame, stmt: r.Break | r.Continue) -> bool:
    """Leave a round: the state here is one of those behind the loop, or before its next round."""
    is_break = isinstance(stmt, r.Break)
    if run.active and run.active[-1].loops:
        around = run.active[-1].loops[-1]
        if is_break:
            around.breaks.append(run.store.since(around.depth))
        else:
            around.continues.append(run.store.since(around.round_depth))
    run.emit(flow.Jump(stmt.at, "break" if is_break else "continue"))
    return False


def _jumps(node: Node) -> bool:
    """Whether a loop body holds a break or continue of that loop."""
    return _holds_jump(node, ("break", "continue"))


def _breaks(node: Node) -> bool:
    """Whether a loop body holds a break of that loop."""
    return _holds_jump(node, ("break",))


def _holds_jump(node: Node, kinds: tuple[str, ...]) -> bool:
    match node:
        case flow.Jump():
            return node.kind in kinds
        case flow.Seq():
            inner: tuple[Node, ...] = node.items
        case flow.Branch():
            inner = node.arms
        case flow.Try():
            inner = (node.body, node.orelse, node.final, *(c.body for c in node.handlers))
        case flow.With() | flow.WithGenerator():
            inner = (node.body,)
        case flow.Loop() | flow.Rounds() | flow.ForGenerator():
            inner = (node.orelse,)
        case _:
            return False
    return any(_holds_jump(part, kinds) for part in inner)


STATEMENTS: dict[type, Runner] = {
    r.While: _while_loop,
    r.For: _for_loop,
    r.Break: _jump,
    r.Continue: _jump,
}
