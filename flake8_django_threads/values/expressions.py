"""Expressions: their values, and the flow of evaluating them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    calls,
    conditions,
    externals,
    flow,
    iteration,
    operations,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    CONFIGURED,
    Box,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Pending,
    Unknown,
    Vals,
    join,
    literal,
    one,
    text_of,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Evaluator
    from flake8_django_threads.values.interpreter import Interpreter

_EXITS: flow.Kind = ("SystemExit", "BaseException")
# What calling them does: an exception that ends the thread, or the end of the process, which no way leads out of.
NEVER_RETURNS: dict[str, Callable[[r.At], flow.Node]] = {
    **dict.fromkeys(("sys.exit", "exit", "quit"), lambda at: flow.Raise(at, _EXITS)),
    **dict.fromkeys(("os._exit", "os.abort"), lambda at: flow.Branch(at, ())),
}
MOST_TEXTS = 8


def _const(run: Interpreter, frame: Frame, expr: r.Const) -> Vals:
    kind = "ellipsis" if expr.kind == "ellipsis" else type(expr.value).__name__
    return one(Const(expr.value, kind))


def _name(run: Interpreter, frame: Frame, expr: r.Name) -> Vals:
    return run.names.name(frame, expr.id)


def _attr(run: Interpreter, frame: Frame, expr: r.Attr) -> Vals:
    return attributes.attribute(run, run.evaluate(frame, expr.base), expr.name, expr.at, frame)


def _index(run: Interpreter, frame: Frame, expr: r.Index) -> Vals:
    base = run.evaluate(frame, expr.base)
    return attributes.item(run, base, run.evaluate(frame, expr.key), expr.at, frame)


def _slice(run: Interpreter, frame: Frame, expr: r.Slice) -> Vals:
    bounds = []
    for part in (expr.lower, expr.upper):
        value = literal(run.evaluate(frame, part)) if part is not None else None
        bounds.append("" if value is None else str(value) if isinstance(value, int) else "?")
    step = literal(run.evaluate(frame, expr.step)) if expr.step is not None else 1
    bounds += [str(step)] if step != 1 and isinstance(step, int) else ["?"] if step != 1 else []
    return one(Const(":".join(bounds), "slice"))


def _call(run: Interpreter, frame: Frame, expr: r.Call) -> Vals:
    return calls.evaluate_call(run, frame, expr)


def _starred(run: Interpreter, frame: Frame, expr: r.Starred) -> Vals:
    return run.evaluate(frame, expr.value)


def _display(run: Interpreter, frame: Frame, expr: r.Display) -> Vals:
    site = run.site(frame, expr.at)
    parts: list[Vals] = []
    is_sure = expr.kind != "set"
    for item in expr.items:
        if isinstance(item, r.Starred):
            spread, is_whole = iteration.collect(run, run.evaluate(frame, item.value), item.at, frame)
            parts += spread
            is_sure = is_sure and is_whole
            continue
        held = run.evaluate(frame, item)
        for each in attributes.ordered(held) if expr.kind == "set" else ():
            attributes.dunder(run, each, "__hash__", (), expr.at, frame)
        parts.append(held)
    if is_sure:
        return one(boxes.make(run, expr.kind, site, parts))
    starred = any(isinstance(item, r.Starred) for item in expr.items)
    box = Box(expr.kind, site, -1 if starred else len(parts))
    for held in parts:
        run.store.add((box, ANY_KEY), held)
    return one(box)


def _dict(run: Interpreter, frame: Frame, expr: r.DictDisplay) -> Vals:
    box = Box("dict", run.site(frame, expr.at), len(expr.items))
    is_new = boxes.is_new(run, box)
    if is_new:
        boxes.clear(run, box)
    for key, value in expr.items:
        if key is None:
            for other in attributes.ordered(run.evaluate(frame, value)):
                if isinstance(other, Box):
                    boxes.update(run, box, other)
                else:
                    run.store.add((box, ANY_KEY), unknown("item of something unknown"))
            continue
        keys = run.evaluate(frame, key)
        for each in attributes.ordered(keys):
            attributes.dunder(run, each, "__hash__", (), expr.at, frame)
        vals = run.evaluate(frame, value)
        if not is_new and boxes.holds(run, box, keys) is not False:
            vals = join((vals, boxes.get(run, box, keys)))
        boxes.put(run, box, keys, vals)
    return one(box)


def _lambda(run: Interpreter, frame: Frame, expr: r.LambdaExpr) -> Vals:
    klass = frame.klass if frame.function is None else None
    if frame.function is None:
        return one(Func(expr.function, frame.module, frame.parent, klass))
    return one(Func(expr.function, frame.module, frame, klass, run.names.defaults(frame, expr.function)))


def _boolop(run: Interpreter, frame: Frame, expr: r.BoolOp) -> Vals:
    run.sure = None
    first = run.evaluate(frame, expr.operands[0])
    rest = expr.operands[1:]
    decided = conditions.tested(run, frame, expr.operands[0], first, expr.at)
    if decided is not None and decided == (expr.op == "or"):
        return first
    following = rest[0] if len(rest) == 1 else r.BoolOp(expr.at, expr.op, rest)
    if decided is not None:
        return run.evaluate(frame, following)
    found: list[Vals] = [frozenset(v for v in first if truth(one(v)) is not (expr.op == "and"))]

    def more() -> bool:
        conditions.narrow(run, frame, expr.operands[0], expr.op == "and")
        with run.writing() as items:
            found.append(run.evaluate(frame, following))
        tree = flow.sequence(items)
        run.emit(tree)
        sure.append(flow.never_ends(tree) or conditions.outcome(run, frame, following, found[-1]) is ends)
        return True

    sure: list[bool] = []
    ends = expr.op == "or"
    run.alternatives(expr.at, (more, lambda: True))
    if sure[0]:
        # Whichever operand gives the value, the last one leaves no choice, or never gives one.
        run.sure = (expr, ends)
    return join(found)


def _not(run: Interpreter, frame: Frame, expr: r.Not) -> Vals:
    vals = run.evaluate(frame, expr.operand)
    decided = conditions.tested(run, frame, expr.operand, vals, expr.at)
    if decided is None and operations.from_settings(vals):
        return unknown(CONFIGURED)
    return one(Const(not decided, "bool")) if decided is not None else unknown("truth of something")


def _ifexpr(run: Interpreter, frame: Frame, expr: r.IfExpr) -> Vals:
    vals = run.evaluate(frame, expr.test)
    decided = conditions.tested(run, frame, expr.test, vals, expr.at)
    if decided is not None:
        return run.evaluate(frame, expr.body if decided else expr.orelse)
    found: list[Vals] = []

    def arm(taken: bool, choice: r.Expr) -> Callable[[], bool]:
        def chosen() -> bool:
            conditions.narrow(run, frame, expr.test, taken)
            found.append(run.evaluate(frame, choice))
            return True

        return chosen

    run.alternatives(expr.at, (arm(True, expr.body), arm(False, expr.orelse)))
    return join(found)


def _walrus(run: Interpreter, frame: Frame, expr: r.Walrus) -> Vals:
    vals = run.evaluate(frame, expr.value)
    run.bind(frame, expr.target.id, vals)
    return vals


def _await(run: Interpreter, frame: Frame, expr: r.Await) -> Vals:
    vals = run.evaluate(frame, expr.value)
    found: list[Vals] = []
    for value in attributes.ordered(vals):
        found.append(calls.wait_for(run, value, expr.at, frame))
    if any(isinstance(v, Unknown) for v in vals):
        run.may_raise(expr.at)
    return join(found)


def _yield(run: Interpreter, frame: Frame, expr: r.Yield) -> Vals:
    vals = run.evaluate(frame, expr.value) if expr.value is not None else one(Const(None, "NoneType"))
    if run.active:
        running = run.active[-1]
        running.yields = join((running.yields, vals))
        if running.told is not None and run.store.depth == running.depth + 1:
            running.told.append(vals)
        else:
            running.told = None
    run.emit(flow.YieldPoint(expr.at))
    return unknown("sent value")


def _yield_from(run: Interpreter, frame: Frame, expr: r.YieldFrom) -> Vals:
    inner = run.evaluate(frame, expr.value)
    if run.active:
        run.active[-1].told = None
    generator = next(iter(inner)) if len(inner) == 1 else None
    result = unknown("result of a generator")
    if isinstance(generator, Pending) and generator.kind == "generator":
        got, yields, summary = calls.run_pending_quietly(run, generator, expr.at)
        result, vals = got or result, yields or unknown("yielded value")
        if summary is not None:
            # Each of its yields is one of this generator, and what is raised or left there goes through it.
            run.emit(flow.ForGenerator(expr.at, summary, flow.YieldPoint(expr.at), flow.NOTHING))
            if run.active:
                run.active[-1].summary.unknown |= summary.unknown
                run.active[-1].yields = join((run.active[-1].yields, vals))
            return result
    else:
        vals = iteration.elements(run, inner, expr.at, frame)
    if run.active:
        run.active[-1].yields = join((run.active[-1].yields, vals))
    run.emit(flow.YieldPoint(expr.at))
    return result


def _fstring(run: Interpreter, frame: Frame, expr: r.FString) -> Vals:
    texts: list[list[str]] = [[""]]
    for part in expr.parts:
        vals = run.evaluate(frame, part)
        texts.append(_written(vals))
        if not isinstance(part, r.Const):
            for value in attributes.ordered(vals):
                if attributes.dunder(run, value, "__format__", (unknown("format"),), expr.at, frame) is None:
                    use_as_text(run, frame, value, expr.at)
    if prod(map(len, texts)) > MOST_TEXTS:
        texts = [each if len(each) == 1 else ["\0"] for each in texts]
    return join(text_of(parts) for parts in product(*texts))


def _written(vals: Vals) -> list[str]:
    """The texts that the values are as parts of a text; a gap where one is not known."""
    texts = {str(v.value) if isinstance(v, Const) and v.kind in ("str", "int", "pattern") else "\0" for v in vals}
    return ["\0"] if "\0" in texts or not texts else sorted(texts)


def use_as_text(run: Interpreter, frame: Frame, value: object, at: r.At, is_repr: bool = False) -> None:
    """What turning a value into text does: ``__str__`` of a project class, evaluation of a queryset."""
    if isinstance(value, Instance):
        for name in ("__repr__",) if is_repr else ("__str__", "__repr__"):
            if attributes.dunder(run, value, name, (), at, frame) is not None:
                return
    if isinstance(value, (Instance, Ext)):
        externals.event(run, value, "repr", at)


def never_returns(run: Interpreter, frame: Frame, expr: r.Expr) -> bool:
    """Whether an expression statement is a call that ends the thread or process."""
    if not (isinstance(expr, r.Call) and isinstance(expr.func, (r.Name, r.Attr))):
        return False
    last = expr.func.id if isinstance(expr.func, r.Name) else expr.func.name
    if last not in ("exit", "_exit", "abort", "quit"):
        return False
    with run.writing():
        function = run.evaluate(frame, expr.func)
    return bool(function) and all(isinstance(v, Ext) and v.path in NEVER_RETURNS for v in function)


EXPRESSIONS: dict[type, Evaluator] = {
    r.Const: _const,
    r.Name: _name,
    r.Attr: _attr,
    r.Index: _index,
    r.Slice: _slice,
    r.Call: _call,
    r.Starred: _starred,
    r.Display: _display,
    r.DictDisplay: _dict,
    r.LambdaExpr: _lambda,
    r.BoolOp: _boolop,
    r.Not: _not,
    r.IfExpr: _ifexpr,
    r.Walrus: _walrus,
    r.Await: _await,
    r.Yield: _yield,
    r.YieldFrom: _yield_from,
    r.FString: _fstring,
}
