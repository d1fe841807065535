"""Calls: binding arguments, and what calling each kind of value does."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    callbacks,
    construction,
    externals,
    flow,
    made_classes,
    surroundings,
    touches,
    wrappers,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NONE,
    NOTHING,
    Arguments,
    Bound,
    Box,
    BoxMethod,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Partial,
    Pending,
    Super,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    unknown,
    written_in,
)
from flake8_django_threads.values.flow import Summary

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def evaluate_call(run: Interpreter, frame: Frame, node: r.Call) -> Vals:
    """The result of a call expression."""
    if isinstance(node.func, r.Name) and node.func.id == "super":
        found = _super(run, frame, node)
        if found is not None:
            return found
    before, run.applied = run.applied, node if isinstance(node.func, r.Call) else None
    function = run.evaluate(frame, node.func)
    run.applied = before
    arguments = evaluate_arguments(run, frame, node)
    run.evaluated.add((frame.module.path, node.at))
    return call(run, function, arguments, node.at, frame)


def evaluate_arguments(run: Interpreter, frame: Frame, node: r.Call) -> Arguments:
    """The arguments of a call, ``*`` and ``**`` of known containers spread out."""
    arguments = Arguments()
    arguments.node = node
    for expr in node.args:
        if not isinstance(expr, r.Starred):
            vals = run.evaluate(frame, expr)
            if arguments.more:
                arguments.more = join((arguments.more, vals))
            else:
                arguments.args.append(vals)
            continue
        vals = run.evaluate(frame, expr.value)
        spread(run, arguments, vals, expr.at, frame)
    for keyword in node.keywords:
        vals = run.evaluate(frame, keyword.value)
        if keyword.name is not None:
            arguments.keywords[keyword.name] = vals
        else:
            spread_keywords(run, arguments, vals)
    return arguments


def spread(run: Interpreter, arguments: Arguments, vals: Vals, at: r.At, frame: Frame) -> None:
    """Add the elements of ``vals`` as positional arguments."""
    if len(vals) == 1 and not arguments.more:
        value = made_classes.as_tuple(run, *vals)
        parts = boxes.parts(run, value) if isinstance(value, Box) else None
        if parts is not None:
            arguments.args.extend(parts)
            return
        if isinstance(value, Const) and value.value is None:
            return
    from flake8_django_threads.values.iteration import elements

    arguments.more = join((arguments.more, elements(run, vals, at, frame)))


def spread_keywords(run: Interpreter, arguments: Arguments, vals: Vals) -> None:
    """Add the items of ``vals`` as keyword arguments."""
    for value in attributes.ordered(vals):
        if isinstance(value, Box) and value.kind == "dict":
            for key in boxes.keys(run, value):
                held = run.store.get((value, key))
                if isinstance(key, str) and held is not None:
                    arguments.keywords.setdefault(key, held)
            if boxes.order(run, value) is None:
                more = boxes.loose(run, value) or unknown("keyword arguments")
                arguments.more_keywords = join((arguments.more_keywords, more))
        elif not (isinstance(value, Const) and value.value is None):
            arguments.more_keywords = join((arguments.more_keywords, unknown("keyword arguments")))


def _super(run: Interpreter, frame: Frame, node: r.Call) -> Vals | None:
    scope: Frame | None = frame
    while scope is not None and not (scope.function is not None and isinstance(scope.function.owner, r.ClassFact)):
        scope = scope.parent
    if scope is None or scope.klass is None or scope.function is None or not scope.function.parameters:
        return None
    receivers = run.names.local(scope, scope.function.parameters[0].name)
    after = written_in(scope)
    if node.args:
        named = [v for v in run.evaluate(frame, node.args[0]) if isinstance(v, ClassValue)]
        after = named[0] if named else after
    return frozenset(Super(v, after) for v in receivers if isinstance(v, (Instance, ClassValue))) or unknown("super()")


def call(run: Interpreter, function: Vals, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """The result of calling any one of ``function``."""
    run.step()
    frame = frame.code
    if len(function) == 1:
        (value,) = function
        return call_one(run, value, arguments, at, frame)
    callees = attributes.ordered(frozenset(v for v in function if not isinstance(v, Const)))
    if not callees:
        run.may_raise(at)
        return unknown("call of a constant")
    if len(callees) == 1:
        return call_one(run, callees[0], arguments, at, frame)
    found: list[Vals] = []

    def arm(value: Value) -> bool:
        found.append(call_one(run, value, arguments, at, frame))
        return True

    run.alternatives(at, [partial(arm, value) for value in callees])
    return join(found)


def call_one(run: Interpreter, value: Value, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """The result of calling ``value``; what the call does is emitted."""
    match value:
        case Func():
            return call_function(run, value, arguments, at, frame)
        case Bound():
            if isinstance(value.function, Func):
                return call_function(run, value.function, arguments.before(one(value.receiver)), at, frame)
            return externals.call(run, value.function, value.receiver, arguments, at, frame)
        case ClassValue():
            return construction.construct(run, value, arguments, at, frame)
        case Ext():
            return externals.call(run, value, None, arguments, at, frame)
        case Partial():
            merged = Arguments(
                [*value.args, *arguments.args],
                {**dict(value.keywords), **arguments.keywords},
                arguments.more,
                arguments.more_keywords,
            )
            return call_one(run, value.function, merged, at, frame)
        case Wrapped():
            return wrappers.call_wrapped(run, value, arguments, at, frame)
        case Instance():
            called = attributes.special(run, value, "__call__", at, frame)
            if called is not None:
                return call(run, called, arguments, at, frame)
            return externals.call_instance(run, value, arguments, at, frame)
        case BoxMethod():
            return externals.call_box_method(run, value, arguments, at, frame)
        case Pending():
            if value.kind == "manager":
                return frozenset(
                    Wrapped(v, "contextlib.contextmanager", value) for v in arguments.get(0, None) or NOTHING
                )
    run.may_raise(at)
    if isinstance(value, Unknown):
        run.note_unknown(value.reason)
        callbacks.look_into(run, arguments, at, frame)
        return one(value if value.reason.startswith("result of ") else Unknown(f"result of {_short(value.reason)}"))
    return unknown("call of something that is not callable")


def _short(reason: str) -> str:
    return reason if len(reason) < 60 else "something unknown"


def call_function(run: Interpreter, func: Func, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a function of the project; a coroutine or generator function gives a pending call."""
    bound = bind(run, func, arguments, frame)
    if func.function.is_async and not func.function.is_generator:
        return one(Pending("coroutine", func, tuple(sorted(bound.items()))))
    if func.function.is_generator:
        return one(Pending("generator", func, tuple(sorted(bound.items()))))
    result, _, summary = run.run_function(func, bound, at)
    emit_invoke(run, summary, at)
    if func.function.returns is not None:
        result = run.annotations.typed(
            Frame(func.module, func.function, func.frame, func.klass), result, func.function.returns
        )
    return result or unknown("result of a recursive call")


def emit_invoke(run: Interpreter, summary: Summary | None, at: r.At) -> None:
    """Write the call of a summary, unless it is known to do nothing."""
    if summary is None:
        run.may_raise(at)
        return
    if run.active and summary.unknown:
        run.active[-1].summary.unknown |= summary.unknown
    if not (summary.complete and summary.tree == flow.NOTHING):
        run.emit(flow.Invoke(at, summary))


def run_pending(run: Interpreter, value: Pending, at: r.At, frame: Frame) -> tuple[Vals, Vals]:
    """Run the body of a pending call here: (result, yielded values)."""
    result, yields, summary = run_pending_quietly(run, value, at)
    emit_invoke(run, summary, at)
    return result or NONE, yields or unknown("yielded value")


def run_generator(run: Interpreter, value: Pending, at: r.At) -> tuple[Vals, tuple[Vals, ...] | None]:
    """Run a generator to its end: what it yields, and, where its body goes straight on, what in which order."""
    _, yields, summary = run_pending_quietly(run, value, at)
    emit_invoke(run, summary, at)
    told = summary.told if summary is not None else None
    return yields or unknown("yielded value"), told  # type: ignore[return-value]


def wait_for(run: Interpreter, value: Value, at: r.At, frame: Frame) -> Vals:
    """Run a coroutine here, the project's or a library's; anything else is its own result."""
    if isinstance(value, Pending) and value.kind == "coroutine":
        return run_pending(run, value, at, frame)[0]
    if isinstance(value, Ext):
        return touches.awaited(run, value, at, frame)
    stepped = attributes.dunder(run, value, "__await__", (), at, frame) if isinstance(value, Instance) else None
    if stepped is not None:
        for generator in attributes.ordered(stepped):
            if isinstance(generator, Pending):
                return run_pending(run, generator, at, frame)[0]
        return unknown("result of an awaitable")
    return one(value)


def run_pending_quietly(run: Interpreter, value: Pending, at: r.At) -> tuple[Vals, Vals, Summary | None]:
    """Run it without writing the call: for a manager, whose body runs in two parts."""
    if value.function.function.is_async:
        with surroundings.loop(run, True):
            return run.run_function(value.function, dict(value.arguments), at)
    return run.run_function(value.function, dict(value.arguments), at)


def bind(run: Interpreter, func: Func, arguments: Arguments, frame: Frame) -> dict[str, Vals]:
    """Give each parameter its value: argument, default, what ``*``/``**`` may bring, or unknown."""
    function = func.function
    bound: dict[str, Vals] = {}
    callee = Frame(func.module, function, func.frame, func.klass)
    position = 0
    used: set[str] = set()
    for parameter in function.parameters:
        name = parameter.name
        if parameter.kind == "args":
            rest = arguments.args[position:]
            position = len(arguments.args)
            bound[name] = one(_box(run, "tuple", function.at, dict(enumerate(rest)), arguments.more))
            continue
        if parameter.kind == "kwargs":
            rest_keywords = {k: v for k, v in arguments.keywords.items() if k not in used}
            bound[name] = one(_box(run, "dict", function.at, rest_keywords, arguments.more_keywords))
            continue
        given: Vals | None = None
        if parameter.kind == "positional" and position < len(arguments.args):
            given = arguments.args[position]
            position += 1
        elif name in arguments.keywords:
            given = arguments.keywords[name]
            used.add(name)
        if given is None:
            extra = arguments.more if parameter.kind == "positional" else NOTHING
            extra = join((extra, arguments.more_keywords))
            if parameter.default is not None:
                known = next((vals for held, vals in func.defaults if held == name), None)
                given = join((extra, run.names.default(callee, parameter) if known is None else known))
            else:
                given = extra or run.names.parameter(callee, parameter)
        elif parameter.annotation is not None and given:
            given = run.annotations.typed(callee, given, parameter.annotation)
        bound[name] = given
    return bound


def packed(run: Interpreter, arguments: Arguments, whose: Hashable) -> tuple[Vals, Vals]:
    """The arguments of a call as the tuple and the dictionary that ``*args, **kwargs`` would be."""
    rest = _box(run, "tuple", whose, dict(enumerate(arguments.args)), arguments.more)
    return one(rest), one(_box(run, "dict", whose, arguments.keywords, arguments.more_keywords))


def _box(run: Interpreter, kind: str, whose: Hashable, items: dict[int, Vals] | dict[str, Vals], more: Vals) -> Box:
    site = ("rest", whose, tuple(items.items()), more)
    box = Box(kind, site, len(items) if not more else -1)
    if kind == "tuple":
        boxes.fill(run, box, list(items.values()))
    else:
        boxes.clear(run, box)
        for key, vals in items.items():
            boxes.put(run, box, one(Const(key, "str")), vals)
    if more:
        run.store.set((box, ANY_KEY), more)
    return box


def closing_name(name: str) -> bool:
    """Whether an unknown callable's name says that it closes database connections."""
    lowered = name.lower()
    return ("close" in lowered or "cleanup" in lowered or "clean_up" in lowered) and (
        "conn" in lowered or "db" in lowered or "database" in lowered
    )
