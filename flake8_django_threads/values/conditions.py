"""Truth: what testing a value runs, how a test is decided, and what its outcome says of the names in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    externals,
    kinds,
)
from flake8_django_threads.values.domain import (
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Pending,
    Unknown,
    Vals,
    truth,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


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
