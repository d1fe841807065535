"""Expressions: their values, and the flow of evaluating them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    calls,
    enums,
    externals,
    flow,
    iteration,
    kinds,
    surroundings,
    targets,
)
from flake8_django_threads.values.context_managers import CONFIGURED
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Bound,
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Lazy,
    Pending,
    Unknown,
    Vals,
    Value,
    const,
    join,
    literal,
    one,
    string,
    text_of,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

COMPREHENSION = "<comprehension>"
_EXITS: flow.Kind = ("SystemExit", "BaseException")
# What calling them does: an exception that ends the thread, or the end of the process, which no way leads out of.
NEVER_RETURNS: dict[str, Callable[[r.At], flow.Node]] = {
    **dict.fromkeys(("sys.exit", "exit", "quit"), lambda at: flow.Raise(at, _EXITS)),
    **dict.fromkeys(("os._exit", "os.abort"), lambda at: flow.Branch(at, ())),
}
# What a deployment decides: Django's settings, the environment, a library's dictionary of settings.
_SETTINGS = re.compile(r"^django\.conf\.settings|^os\.(?:environ|getenv)|[A-Z]_SETTINGS\b|\bSETTINGS\b")
_OLDEST = (3, 9)
_MOST_TEXTS = 8
_MOST_NUMBER = 1_000_000
_WHOLE: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
}
_ORDERS: dict[str, Callable[[Any, Any], object]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda a, b: a in b,
    "not in": lambda a, b: a not in b,
}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_COMPARED = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", ">": "__gt__", "<=": "__le__", ">=": "__ge__"}


def evaluate(run: Interpreter, frame: Frame, expr: r.Expr) -> Vals:
    """The values that ``expr`` may have."""
    run.step()
    return _EXPRESSIONS[type(expr)](run, frame, expr)


def _const(run: Interpreter, frame: Frame, expr: r.Const) -> Vals:
    kind = "ellipsis" if expr.kind == "ellipsis" else type(expr.value).__name__
    return one(Const(expr.value, kind))


def _name(run: Interpreter, frame: Frame, expr: r.Name) -> Vals:
    return run.names.name(frame, expr.id)


def _attr(run: Interpreter, frame: Frame, expr: r.Attr) -> Vals:
    return attributes.attribute(run, evaluate(run, frame, expr.base), expr.name, expr.at, frame)


def _index(run: Interpreter, frame: Frame, expr: r.Index) -> Vals:
    base = evaluate(run, frame, expr.base)
    return attributes.item(run, base, evaluate(run, frame, expr.key), expr.at, frame)


def _slice(run: Interpreter, frame: Frame, expr: r.Slice) -> Vals:
    bounds = []
    for part in (expr.lower, expr.upper):
        value = literal(evaluate(run, frame, part)) if part is not None else None
        bounds.append("" if value is None else str(value) if isinstance(value, int) else "?")
    step = literal(evaluate(run, frame, expr.step)) if expr.step is not None else 1
    bounds += [str(step)] if step != 1 and isinstance(step, int) else ["?"] if step != 1 else []
    return one(Const(":".join(bounds), "slice"))


def _call(run: Interpreter, frame: Frame, expr: r.Call) -> Vals:
    return calls.evaluate_call(run, frame, expr)


def _starred(run: Interpreter, frame: Frame, expr: r.Starred) -> Vals:
    return evaluate(run, frame, expr.value)


def _display(run: Interpreter, frame: Frame, expr: r.Display) -> Vals:
    site = run.site(frame, expr.at)
    parts: list[Vals] = []
    is_sure = expr.kind != "set"
    for item in expr.items:
        if isinstance(item, r.Starred):
            spread, is_whole = iteration.collect(run, evaluate(run, frame, item.value), item.at, frame)
            parts += spread
            is_sure = is_sure and is_whole
            continue
        held = evaluate(run, frame, item)
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
            for other in attributes.ordered(evaluate(run, frame, value)):
                if isinstance(other, Box):
                    boxes.update(run, box, other)
                else:
                    run.store.add((box, ANY_KEY), unknown("item of something unknown"))
            continue
        keys = evaluate(run, frame, key)
        for each in attributes.ordered(keys):
            attributes.dunder(run, each, "__hash__", (), expr.at, frame)
        vals = evaluate(run, frame, value)
        if not is_new and boxes.holds(run, box, keys) is not False:
            vals = join((vals, boxes.get(run, box, keys)))
        boxes.put(run, box, keys, vals)
    return one(box)


def _lambda(run: Interpreter, frame: Frame, expr: r.LambdaExpr) -> Vals:
    klass = frame.klass if frame.function is None else None
    if frame.function is None:
        return one(Func(expr.function, frame.module, frame.parent, klass))
    return one(Func(expr.function, frame.module, frame, klass, run.names.defaults(frame, expr.function)))


def _comprehension(run: Interpreter, frame: Frame, expr: r.Comprehension) -> Vals:
    first = evaluate(run, frame, expr.clauses[0].iterable)
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
                return use([evaluate(run, lazy.frame, element) for element in node.elements][-1])

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
    vals = evaluate(run, frame, tests[0])
    decided = tested(run, frame, tests[0], vals, at)
    if decided is False:
        return True, True
    if decided:
        return _tested(run, frame, tests[1:], at, chosen)

    def passed() -> bool:
        narrow(run, frame, tests[0], True)
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
        found(tuple([evaluate(run, frame, element) for element in expr.elements]))
        return True
    clause = expr.clauses[index]
    iterable = evaluate(run, frame, clause.iterable) if first is None else first
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


def _boolop(run: Interpreter, frame: Frame, expr: r.BoolOp) -> Vals:
    run.sure = None
    first = evaluate(run, frame, expr.operands[0])
    rest = expr.operands[1:]
    decided = tested(run, frame, expr.operands[0], first, expr.at)
    if decided is not None and decided == (expr.op == "or"):
        return first
    following = rest[0] if len(rest) == 1 else r.BoolOp(expr.at, expr.op, rest)
    if decided is not None:
        return evaluate(run, frame, following)
    found: list[Vals] = [frozenset(v for v in first if truth(one(v)) is not (expr.op == "and"))]

    def more() -> bool:
        narrow(run, frame, expr.operands[0], expr.op == "and")
        with run.writing() as items:
            found.append(evaluate(run, frame, following))
        tree = flow.sequence(items)
        run.emit(tree)
        sure.append(flow.never_ends(tree) or outcome(run, frame, following, found[-1]) is ends)
        return True

    sure: list[bool] = []
    ends = expr.op == "or"
    run.alternatives(expr.at, (more, lambda: True))
    if sure[0]:
        # Whichever operand gives the value, the last one leaves no choice, or never gives one.
        run.sure = (expr, ends)
    return join(found)


def outcome(run: Interpreter, frame: Frame, test: r.Expr, vals: Vals) -> bool | None:
    """The truth of a test where it is certain: of literals, of what a caller gave to a parameter, and of operands.

    The test has just been evaluated, to ``vals``.
    """
    if run.sure is not None and run.sure[0] is test:
        return run.sure[1]
    if not all(isinstance(v, Const) for v in vals):
        function = frame.function
        given = isinstance(test, r.Name) and function is not None and not frame.symbolic
        if not (given and any(p.name == test.id for p in function.parameters)):  # type: ignore[union-attr]
            return None
    return truth(vals)


def _not(run: Interpreter, frame: Frame, expr: r.Not) -> Vals:
    vals = evaluate(run, frame, expr.operand)
    decided = tested(run, frame, expr.operand, vals, expr.at)
    if decided is None and from_settings(vals):
        return unknown(CONFIGURED)
    return one(Const(not decided, "bool")) if decided is not None else unknown("truth of something")


def _operation(run: Interpreter, frame: Frame, expr: r.Operation) -> Vals:
    return operate(run, frame, expr.op, expr.operands, expr.at)


def operate(
    run: Interpreter, frame: Frame, op: str, operands: tuple[r.Expr, ...], at: r.At, in_place: bool = False
) -> Vals:
    """The result of an operator: the object's own method, joined containers, a constant string, or unknown."""
    values = [evaluate(run, frame, operand) for operand in operands]
    return _operated(run, frame, op, values, at, in_place)


def operated(run: Interpreter, op: str, left: Vals, right: Vals, at: r.At, frame: Frame) -> Vals:
    """The result of a binary operator."""
    return _operated(run, frame, op, [left, right], at, False)


def _operated(run: Interpreter, frame: Frame, op: str, values: list[Vals], at: r.At, in_place: bool) -> Vals:
    left = values[0]
    if len(values) == 2 and (made := _calculated(op.rstrip("_"), left, values[1])) is not None:
        return made
    if op == "neg" and len(left) == 1:
        (number,) = left
        if isinstance(number, Const) and number.kind in ("int", "float") and isinstance(number.value, (int, float)):
            return one(Const(-number.value, number.kind))
    for value in attributes.ordered(left):
        name = op.rstrip("_")
        if isinstance(value, Instance):
            for method in (f"__i{name}__", f"__{name}__")[0 if in_place else 1 :]:
                found = attributes.dunder(run, value, method, tuple(values[1:]), at, frame)
                if found is not None:
                    return found
    if len(values) == 2:
        for value in attributes.ordered(values[1]):
            if isinstance(value, Instance):
                found = attributes.dunder(run, value, f"__r{op.rstrip('_')}__", (left,), at, frame)
                if found is not None:
                    return found
        joined = _joined(run, frame, op, values, at, in_place)
        if joined is not None:
            return joined
        texts = [string(vals) for vals in values]
        if op.startswith("add") and (texts[0] is not None or texts[1] is not None):
            return text_of(texts)
        if op.startswith("mod") and texts[0] is not None:
            for value in attributes.ordered(values[1]):
                written = boxes.values(run, value) if isinstance(value, Box) else one(value)
                for part in attributes.ordered(written):
                    use_as_text(run, frame, part, at)
            return one(Const(_percent(texts[0]), "pattern"))
    kept = frozenset(v for v in left if isinstance(v, (Ext, Instance)) and externals.is_query(run, v))
    return kept or unknown("result of an operator")


def _calculated(op: str, left: Vals, right: Vals) -> Vals | None:
    """A small whole number made of two others."""
    a, b = literal(left), literal(right)
    if type(a) is not int or type(b) is not int or op not in _WHOLE or max(abs(a), abs(b)) > _MOST_NUMBER:
        return None
    if op in ("floordiv", "mod") and not b:
        return None
    return one(Const(_WHOLE[op](a, b), "int"))


def _joined(run: Interpreter, frame: Frame, op: str, values: list[Vals], at: r.At, in_place: bool) -> Vals | None:
    """The container that ``+``, ``|`` or ``*`` makes of containers, or that ``+=`` changes; None for anything else."""
    containers = [v for vals in values for v in attributes.ordered(vals) if isinstance(v, Box)]
    if not containers:
        return None
    op, first, site = op.rstrip("_"), containers[0], run.site(frame, at)
    changed = in_place and first in values[0] and len(values[0]) == 1 and first.kind != "tuple"
    if op == "or" and all(box.kind == "dict" for box in containers):
        union = first if changed else boxes.copy(run, first, "dict", site)
        for box in containers[1:]:
            boxes.update(run, union, box)
        return one(union)
    if op == "or" and first.kind == "set":
        union = first if changed else boxes.copy(run, first, "set", site)
        for box in containers[1:]:
            run.store.add((union, ANY_KEY), boxes.values(run, box))
        return one(union)
    if op == "mul" and first.kind in ("list", "tuple"):
        repeated = Box(first.kind, site)
        run.store.add((repeated, ANY_KEY), boxes.values(run, first))
        return one(repeated)
    if op != "add":
        return None
    queries = [
        v for v in attributes.ordered(values[1]) if isinstance(v, (Ext, Instance)) and externals.is_query(run, v)
    ]
    each = [next(iter(vals)) if len(vals) == 1 else None for vals in values]
    sides = [boxes.parts(run, value) if isinstance(value, Box) else None for value in each]
    if changed:
        for vals in values[1:]:
            more, is_whole = iteration.collect(run, vals, at, frame)
            boxes.extend(run, first, more if is_whole else None, join(more))
        return one(first)
    if not queries and None not in sides:
        return one(boxes.make(run, first.kind, site, [part for side in sides if side is not None for part in side]))
    joined = Box(first.kind, site)
    for box in containers:
        run.store.add((joined, ANY_KEY), boxes.values(run, box))
    for value in queries:
        run.store.add((joined, ANY_KEY), iteration.elements(run, one(value), at, frame))
    return one(joined)


def _percent(text: str) -> str:
    parts = text.split("%")
    return parts[0] + "".join("\0" + part[1:] for part in parts[1:])


def _compare(run: Interpreter, frame: Frame, expr: r.Compare) -> Vals:
    values = [evaluate(run, frame, operand) for operand in expr.operands]
    for index, op in enumerate(expr.ops):
        left, right = values[index], values[index + 1]
        if op in ("in", "not in"):
            for value in attributes.ordered(right):
                answer = attributes.dunder(run, value, "__contains__", (left,), expr.at, frame)
                if answer is None:
                    _look_through(run, frame, value, left, expr.at)
                elif len(values) == 2 and len(right) == 1 and (said := _literal_truth(answer)) is not None:
                    return const(said == (op == "in"))
        elif op in _COMPARED:
            _ask_order(run, frame, op, left, right, expr.at)
    if any(from_settings(value) for value in values):
        return unknown(CONFIGURED)
    if len(values) == 2:
        return _compared(run, expr.ops[0], values[0], values[1])
    return unknown("comparison")


def _literal_truth(vals: Vals) -> bool | None:
    return truth(vals) if all(isinstance(v, Const) for v in vals) else None


def _look_through(run: Interpreter, frame: Frame, value: Value, wanted: Vals, at: r.At) -> None:
    """``in`` without ``__contains__``: the elements are compared, or what a library does."""
    if isinstance(value, Box):
        for held in attributes.ordered(
            boxes.all_keys(run, value) if value.kind == "dict" else boxes.values(run, value)
        ):
            attributes.dunder(run, held, "__eq__", (wanted,), at, frame)
    elif isinstance(value, Instance) and attributes.lookup(run, value.klass, "__iter__") is not None:
        iteration.elements(run, one(value), at, frame)
    else:
        externals.event(run, value, "contains", at)


def _ask_order(run: Interpreter, frame: Frame, op: str, left: Vals, right: Vals, at: r.At) -> None:
    """A comparison: the left object's method, the right one's mirrored, or what ``total_ordering`` makes of another."""
    asked = False
    for value in attributes.ordered(left):
        asked = attributes.dunder(run, value, _COMPARED[op], (right,), at, frame) is not None or asked
    if op == "!=" and not asked:
        for value in attributes.ordered(left):
            asked = attributes.dunder(run, value, "__eq__", (right,), at, frame) is not None or asked
    if asked:
        return
    for value in attributes.ordered(right):
        if attributes.dunder(run, value, _COMPARED[_MIRRORED[op]], (left,), at, frame) is not None:
            return
    for value in attributes.ordered(left):
        if isinstance(value, Instance) and run.classes.is_decorated(value.klass, "functools.total_ordering"):
            for name in ("__lt__", "__gt__", "__le__", "__ge__"):
                if attributes.dunder(run, value, name, (right,), at, frame) is not None:
                    return


def from_settings(values: Vals) -> bool:
    """Whether a value comes from the deployment's settings."""
    return any(
        isinstance(v, (Ext, Bound)) and _SETTINGS.search(v.path if isinstance(v, Ext) else "") for v in values
    ) or any(isinstance(v, Unknown) and v.reason == CONFIGURED for v in values)


def _compared(run: Interpreter, op: str, left: Vals, right: Vals) -> Vals:
    if 1 < len(left) * len(right) <= _MOST_TEXTS and all(isinstance(v, Const) for v in left | right):
        answers = {_decided(run, op, a, b) for a in left for b in right}
        return const(answers.pop()) if len(answers) == 1 and None not in answers else unknown("comparison")
    if len(left) == len(right) == 1:
        (a,), (b,) = left, right
        answer = _decided(run, op, a, b)
        if answer is not None:
            return one(Const(answer, "bool"))
        if isinstance(a, Const) and isinstance(b, Const):
            return unknown("comparison")
        if (
            op in ("is", "is not")
            and Const(None, "NoneType") in (a, b)
            and not (isinstance(a, (Unknown, Ext)) or isinstance(b, (Unknown, Ext)))
        ):
            return one(Const(op == "is not", "bool"))
    return unknown("comparison")


def _decided(run: Interpreter, op: str, a: Value, b: Value) -> bool | None:
    """The outcome of comparing two literals, a literal with the items of a display, or a version of Python."""
    if isinstance(a, Const) and isinstance(b, Const) and "pattern" not in (a.kind, b.kind):
        if op in ("is", "is not"):
            return (a == b) == (op == "is")
        return _ordered(op, a.value, b.value)
    if op in ("is", "is not", "==", "!=") and enums.is_member(a) and enums.is_member(b):
        return (a == b) == (op in ("is", "=="))
    if op in ("in", "not in") and isinstance(a, Const) and a.kind != "pattern" and isinstance(b, Box):
        held = boxes.parts(run, b)
        if held is None or not all(len(v) == 1 and isinstance(next(iter(v)), Const) for v in held):
            return None
        return any(a.value == getattr(v, "value", None) for vals in held for v in vals) == (op == "in")
    if isinstance(a, Ext) and a.path == "sys.version_info" and isinstance(b, Box):
        parts = [literal(part) for part in boxes.parts(run, b) or ()]
        if len(parts) > 0 and all(isinstance(p, int) for p in parts) and tuple(parts) < _OLDEST:
            return {">": True, ">=": True, "<": False, "<=": False, "==": False, "!=": True}.get(op)
    return None


def _ordered(op: str, a: Any, b: Any) -> bool | None:
    try:
        return bool(_ORDERS[op](a, b)) if op in _ORDERS else None
    except TypeError:
        return None


def _ifexpr(run: Interpreter, frame: Frame, expr: r.IfExpr) -> Vals:
    vals = evaluate(run, frame, expr.test)
    decided = tested(run, frame, expr.test, vals, expr.at)
    if decided is not None:
        return evaluate(run, frame, expr.body if decided else expr.orelse)
    found: list[Vals] = []

    def arm(taken: bool, choice: r.Expr) -> Callable[[], bool]:
        def chosen() -> bool:
            narrow(run, frame, expr.test, taken)
            found.append(evaluate(run, frame, choice))
            return True

        return chosen

    run.alternatives(expr.at, (arm(True, expr.body), arm(False, expr.orelse)))
    return join(found)


def _walrus(run: Interpreter, frame: Frame, expr: r.Walrus) -> Vals:
    vals = evaluate(run, frame, expr.value)
    run.bind(frame, expr.target.id, vals)
    return vals


def _await(run: Interpreter, frame: Frame, expr: r.Await) -> Vals:
    vals = evaluate(run, frame, expr.value)
    found: list[Vals] = []
    for value in attributes.ordered(vals):
        found.append(calls.wait_for(run, value, expr.at, frame))
    if any(isinstance(v, Unknown) for v in vals):
        run.may_raise(expr.at)
    return join(found)


def _yield(run: Interpreter, frame: Frame, expr: r.Yield) -> Vals:
    vals = evaluate(run, frame, expr.value) if expr.value is not None else one(Const(None, "NoneType"))
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
    inner = evaluate(run, frame, expr.value)
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
        vals = evaluate(run, frame, part)
        texts.append(_written(vals))
        if not isinstance(part, r.Const):
            for value in attributes.ordered(vals):
                if attributes.dunder(run, value, "__format__", (unknown("format"),), expr.at, frame) is None:
                    use_as_text(run, frame, value, expr.at)
    if prod(map(len, texts)) > _MOST_TEXTS:
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


def use_as_bool(run: Interpreter, frame: Frame, values: Vals, at: r.At) -> bool | None:
    """What testing the truth of a value does; the outcome where the value's own methods or its items decide it."""
    answers: set[bool | None] = set()
    for value in attributes.ordered(values):
        answer: bool | None = None
        if isinstance(value, Instance):
            for name in ("__bool__", "__len__"):
                given = attributes.dunder(run, value, name, (), at, frame)
                if given is not None:
                    answer = truth(given) if all(isinstance(v, Const) for v in given) else None
                    break
            else:
                externals.event(run, value, "bool", at)
                answer = _plain_object(run, value)
        elif isinstance(value, Ext):
            externals.event(run, value, "bool", at)
        elif isinstance(value, Box) and boxes.is_of_this_run(run, value):
            size = boxes.length(run, value)
            answer = size > 0 if size >= 0 else None
        answers.add(answer)
    return answers.pop() if len(answers) == 1 else None


def _plain_object(run: Interpreter, value: Instance) -> bool | None:
    """An object made here of a class that inherits from nothing outside is true."""
    mro = run.classes.mro(value.klass)
    return (
        True if value.site is not None and all(isinstance(c, ClassValue) or c == Ext("object") for c in mro) else None
    )


def tested(run: Interpreter, frame: Frame, test: r.Expr, vals: Vals, at: r.At) -> bool | None:
    """Test a value: what that does, and the outcome where it is certain."""
    by_itself = use_as_bool(run, frame, vals, at)
    decided = outcome(run, frame, test, vals)
    return by_itself if decided is None else decided


def narrow(run: Interpreter, frame: Frame, test: r.Expr, taken: bool) -> None:
    """Drop from a tested name the values that the outcome of the test rules out."""
    if isinstance(test, r.Not):
        narrow(run, frame, test.operand, not taken)
        return
    if isinstance(test, r.Call):
        if isinstance(test.func, r.Name) and test.func.id == "isinstance" and len(test.args) == 2:
            _keep_instances(run, frame, test.args[0], test.args[1], taken)
        return
    if isinstance(test, r.BoolOp) and (test.op == "and") == taken:
        for operand in test.operands:
            narrow(run, frame, operand, taken)
        return
    if isinstance(test, r.Compare) and len(test.ops) == 1 and isinstance(test.operands[1], r.Const):
        if test.operands[1].value is None and test.ops[0] in ("is", "is not", "==", "!="):
            _keep(run, frame, test.operands[0], (test.ops[0] in ("is", "==")) == taken, none_only=True)
        return
    _keep(run, frame, test, not taken, none_only=False)


def _keep_instances(run: Interpreter, frame: Frame, expr: r.Expr, klass: r.Expr, taken: bool) -> None:
    """Behind ``isinstance(name, Class)``: what cannot be goes, and what is not known is an object of the class."""
    if not (isinstance(expr, r.Name) and frame.function is not None and expr.id in frame.function.local_names):
        return
    held = run.store.peek((frame, expr.id))
    if held is None:
        return
    with run.writing():
        classes = run.evaluate(frame, klass)
    fitting = frozenset(v for v in held if kinds.is_any(run, v, classes) is not (not taken))
    if fitting and fitting != held:
        run.store.set((frame, expr.id), fitting)
        held = fitting
    if not taken or not any(isinstance(v, Unknown) for v in held):
        return
    classes = frozenset(inner for v in classes for inner in (boxes.values(run, v) if isinstance(v, Box) else (v,)))
    made = frozenset(
        Instance(v) if isinstance(v, ClassValue) else Ext(f"{v.path}()")
        for v in classes
        if isinstance(v, ClassValue) or (isinstance(v, Ext) and "." in v.path)
    )
    if made:
        run.store.set((frame, expr.id), frozenset(v for v in held if not isinstance(v, Unknown)) | made)


def _keep(run: Interpreter, frame: Frame, expr: r.Expr, wanted_false: bool, none_only: bool) -> None:
    if not (isinstance(expr, r.Name) and frame.function is not None and expr.id in frame.function.local_names):
        return
    held = run.store.peek((frame, expr.id))
    if held is None:
        return

    def fits(value: object) -> bool:
        if none_only:
            is_none = isinstance(value, Const) and value.value is None and value.kind == "NoneType"
            return (
                is_none
                if wanted_false and isinstance(value, Const)
                else (wanted_false and not _certain(value)) or (not wanted_false and not is_none)
            )
        if isinstance(value, Const) and value.kind not in ("ellipsis", "pattern"):
            return bool(value.value) is not wanted_false
        return not (wanted_false and _certain(value))

    kept = frozenset(v for v in held if fits(v))
    if kept and kept != held:
        run.store.set((frame, expr.id), kept)


def _certain(value: object) -> bool:
    return isinstance(value, (Func, Pending))


def never_returns(run: Interpreter, frame: Frame, expr: r.Expr) -> bool:
    """Whether an expression statement is a call that ends the thread or process."""
    if not (isinstance(expr, r.Call) and isinstance(expr.func, (r.Name, r.Attr))):
        return False
    last = expr.func.id if isinstance(expr.func, r.Name) else expr.func.name
    if last not in ("exit", "_exit", "abort", "quit"):
        return False
    with run.writing():
        function = evaluate(run, frame, expr.func)
    return bool(function) and all(isinstance(v, Ext) and v.path in NEVER_RETURNS for v in function)


_EXPRESSIONS: dict[type, Callable[[Interpreter, Frame, Any], Vals]] = {
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
    r.Comprehension: _comprehension,
    r.BoolOp: _boolop,
    r.Not: _not,
    r.Operation: _operation,
    r.Compare: _compare,
    r.IfExpr: _ifexpr,
    r.Walrus: _walrus,
    r.Await: _await,
    r.Yield: _yield,
    r.YieldFrom: _yield_from,
    r.FString: _fstring,
}

__all__ = ["NOTHING", "consume", "evaluate", "narrow", "never_returns", "operate", "use_as_bool", "use_as_text"]
