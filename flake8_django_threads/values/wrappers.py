"""Callables under a library's wrapper: what a wrapper's row makes of them, and what calling them runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.project.beyond import SURE
from flake8_django_threads.values import (
    around,
    attributes,
    calls,
    context_managers,
    dispatch,
    externals,
    flow,
    installed,
    keepers,
    registered,
    spawning,
    surroundings,
    uses,
)
from flake8_django_threads.values.domain import (
    DISPATCH,
    NONE,
    NOTHING,
    Arguments,
    Bound,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Partial,
    Pending,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def wrapped_attribute(run: Interpreter, value: Wrapped, name: str, at: r.At) -> Vals:
    """An attribute of a decorated function: one that the decorator's library adds."""
    return one(Bound(Ext(run.models.canonical(f"{value.wrapper}().{name}")), value))


def _callables(row: Row, arguments: Arguments) -> Vals:
    slot = row.callable
    if slot is None:
        return arguments.get(0, None) or NOTHING
    return arguments.get(slot.position, slot.keyword) or NOTHING


def wrap(
    run: Interpreter,
    row: Row,
    function: Ext,
    receiver: Value | None,
    arguments: Arguments,
    path: str,
    at: r.At,
    frame: Frame,
) -> Vals:
    given = _callables(row, arguments)
    match row.does:
        case "identity":
            if row.calls > 1:
                if row.bare and any(isinstance(v, (Func, Wrapped)) for v in given):
                    return given
                inner = next(iter(given)) if path == "functools.wraps" and len(given) == 1 else None
                return one(Ext("<identity>", inner))
            return given or one(Ext("<identity>"))
        case "partial":
            rest, keywords = spawning.passed_on(run, row, arguments, at, frame)
            return frozenset(Partial(v, tuple(rest.args), tuple(sorted(keywords.items()))) for v in given) or unknown(
                "partial of nothing"
            )
        case "call" | "same-thread":
            if not given or (path.endswith(".on_commit") and surroundings.put_off(run, given)):
                if not given:
                    run.may_raise(at)
                return one(Ext(path + "()"))
            return spawning.call_through(run, row, given, arguments, path, at, frame)
        case "within" | "close":
            callables = frozenset(v for v in given if isinstance(v, (Func, Bound, Wrapped, Partial)))
            if callables:
                return frozenset(Wrapped(v, path) for v in callables)
            alias = receiver.alias if isinstance(receiver, (Ext, Instance)) else ""
            return one(Ext(path + "()", None, alias or _using(row, arguments)))
        case "around":
            return frozenset(Wrapped(v, path) for v in given if not isinstance(v, Const)) or one(Ext("<identity>"))
        case "register":
            rest, keywords = spawning.passed_on(run, row, arguments, at, frame)
            bound = tuple(rest.args), tuple(sorted(keywords.items()))
            registered.register(run, path, frozenset(Partial(v, *bound) if any(bound) else v for v in given))
            return given or one(Ext(path + "()"))
        case "keep":
            keepers.keep(run, receiver, join((given, *arguments.keywords.values())))
            run.may_raise(at)
            return one(Ext(path + "()"))
        case "kept":
            for value in registered.everything(keepers.kept(run, row, receiver)):
                run.alternatives(at, [partial(_run_job, run, value, at, frame), lambda: True])
            run.may_raise(at)
            return NONE if row.returns is None else externals.result(run, row, receiver, arguments, path, at, frame)
        case "registered":
            for value in registered.everything(registered.jobs(run, path, frame)):
                run.alternatives(at, [partial(_run_job, run, value, at, frame), lambda: True])
            run.may_raise(at)
            return NONE
        case "returns":
            return externals.result(run, row, receiver, arguments, path, at, frame)
        case "await":
            return frozenset(Wrapped(v, path) for v in given if not isinstance(v, Const)) or one(Ext("<identity>"))
        case "use":
            if not (run.models.find("quiet", path) or installed.is_quiet(path)):
                run.may_raise(at)
            return uses.use(run, row, arguments, path, at, frame)
    meaning = run.meanings.get(row.does or "")
    if meaning is not None:
        return meaning(run, receiver, arguments, at, frame)
    return one(Ext(path + "()"))


def _run_job(run: Interpreter, value: Value, at: r.At, frame: Frame) -> bool:
    run.call(one(value), Arguments(), at, frame)
    return True


def _using(row: Row, arguments: Arguments) -> str:
    given = arguments.keywords.get("using") or (arguments.args[0] if arguments.args else NOTHING)
    return externals.alias_of(given) if given and given != NONE else ""


def decorated(run: Interpreter, manager: Ext, path: str, arguments: Arguments) -> Vals:
    """The functions that a library's context manager, made by a call, is called with as a decorator."""
    row = run.models.find("wrapper", path.removesuffix("()")) if path.endswith("()") else None
    if row is None or row.does not in ("within", "close"):
        return NOTHING
    given = arguments.get(0, None) or NOTHING
    return frozenset(Wrapped(v, path, manager) for v in given if isinstance(v, (Func, Bound, Wrapped, Partial)))


def call_wrapped(run: Interpreter, value: Wrapped, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a function behind a library's decorator."""
    if value.wrapper.removesuffix("()") not in externals.OFF_LOOP:
        return _call_wrapped(run, value, arguments, at, frame)
    run.off_loop += 1
    try:
        with surroundings.loop(run, False):
            return _call_wrapped(run, value, arguments, at, frame)
    finally:
        run.off_loop -= 1


def _call_wrapped(run: Interpreter, value: Wrapped, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    inner = one(value.function)
    row = run.models.find("wrapper", value.wrapper.removesuffix("()"))
    if row is not None and row.does == "around":
        if value.manager is None:
            return around.decorate(value.function, arguments.get(0, None) or NOTHING, value.wrapper)
        return around.call(run, value, arguments, at, frame)
    if value.manager is not None:
        return context_managers.decorate(run, value.manager, inner, arguments, at, frame)
    if value.wrapper == "contextlib.contextmanager":
        made = run.call(inner, arguments, at, frame)
        return frozenset(Pending("manager", v.function, v.arguments) if isinstance(v, Pending) else v for v in made)
    path = value.wrapper
    if path == DISPATCH:
        return run.call(dispatch.choose(run, value, arguments), arguments, at, frame)
    if path == "?" or path.startswith("?"):
        result = run.call(inner, arguments, at, frame)
        run.emit(flow.Close(at, flow.ALL, "an unknown decorator", sure=False))
        run.note_unknown("unknown decorator")
        return result
    manager = Ext(path if path.endswith("()") else path + "()")
    if row is not None and row.does in ("within", "close"):
        return context_managers.decorate(run, manager, inner, arguments, at, frame)
    if row is not None and row.does == "await":
        with surroundings.waited(run):
            result = run.call(inner, arguments, at, frame)
            return join(calls.wait_for(run, v, at, frame) for v in attributes.ordered(result))
    closes = run.beyond.closes(path.removesuffix("()"))
    if closes:
        with run.writing() as items:
            result = run.call(inner, arguments, at, frame)
        close = flow.Close(at, flow.ALL, path, closes == SURE)
        run.emit(flow.With(at, flow.NOTHING, flow.sequence(items), close, close))
        return result
    if installed.may_close(path.removesuffix("()")):
        result = run.call(inner, arguments, at, frame)
        run.emit(flow.Close(at, flow.ALL, path, sure=False))
        return result
    return run.call(inner, arguments, at, frame)
