"""Operators and comparisons: what they give, and the special methods that they call."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    enums,
    expressions,
    externals,
    iteration,
    model_attributes,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    CONFIGURED,
    Bound,
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
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
    from flake8_django_threads.values.handlers import Evaluator
    from flake8_django_threads.values.interpreter import Interpreter

# What a deployment decides: Django's settings, the environment, a library's dictionary of settings.
_SETTINGS = re.compile(r"^django\.conf\.settings|^os\.(?:environ|getenv)|[A-Z]_SETTINGS\b|\bSETTINGS\b")


_OLDEST = (3, 9)


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


def _operation(run: Interpreter, frame: Frame, expr: r.Operation) -> Vals:
    return operate(run, frame, expr.op, expr.operands, expr.at)


def operate(
    run: Interpreter, frame: Frame, op: str, operands: tuple[r.Expr, ...], at: r.At, in_place: bool = False
) -> Vals:
    """The result of an operator: the object's own method, joined containers, a constant string, or unknown."""
    values = [run.evaluate(frame, operand) for operand in operands]
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
                    expressions.use_as_text(run, frame, part, at)
            return one(Const(_percent(texts[0]), "pattern"))
    kept = frozenset(v for v in left if isinstance(v, (Ext, Instance)) and model_attributes.is_query(run, v))
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
        v for v in attributes.ordered(values[1]) if isinstance(v, (Ext, Instance)) and model_attributes.is_query(run, v)
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
    values = [run.evaluate(frame, operand) for operand in expr.operands]
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
    if 1 < len(left) * len(right) <= expressions.MOST_TEXTS and all(isinstance(v, Const) for v in left | right):
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
    """The outcome of comparing two literals, functions or classes, a literal with a display's items, or a version."""
    if isinstance(a, Const) and isinstance(b, Const) and "pattern" not in (a.kind, b.kind):
        if op in ("is", "is not"):
            return (a == b) == (op == "is")
        return _ordered(op, a.value, b.value)
    if op in ("is", "is not", "==", "!=") and enums.is_member(a) and enums.is_member(b):
        return (a == b) == (op in ("is", "=="))
    if op in ("is", "is not", "==", "!=") and _is_one_object(a, op) and _is_one_object(b, op):
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


def _is_one_object(value: Value, op: str) -> bool:
    """Whether a value is a function or class of a module, of which there is one; a metaclass may call others equal."""
    return (isinstance(value, Func) or (isinstance(value, ClassValue) and op.startswith("is"))) and value.frame is None


def _ordered(op: str, a: Any, b: Any) -> bool | None:
    try:
        return bool(_ORDERS[op](a, b)) if op in _ORDERS else None
    except TypeError:
        return None


EXPRESSIONS: dict[type, Evaluator] = {r.Operation: _operation, r.Compare: _compare}
