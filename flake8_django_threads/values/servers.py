"""Socket servers that give each request a thread of its own: what they were told to make for a request runs there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import attributes, flow, spawning
from flake8_django_threads.values.domain import (
    NONE,
    NOTHING,
    Arguments,
    Bound,
    ClassValue,
    Const,
    Ext,
    Frame,
    Instance,
    Vals,
    Value,
    join,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

HANDLER = "socketserver.BaseRequestHandler"
REQUEST = f"{HANDLER}().handle"
_SLOT = (1, "RequestHandlerClass")


def handler_rows(run: Interpreter, klass: Value) -> list[Row]:
    """The rows of what a request handler's class runs in the thread of a request, the most special one first."""
    rows = [row for row in run.models.rows("subclass") if row.needs_base is not None]
    order = [c.path for c in run.classes.mro(klass) if isinstance(c, Ext)]
    return sorted((row for row in rows if row.path in order), key=lambda row: order.index(row.path))


def is_threading(run: Interpreter, klass: Value) -> bool:
    """Whether a class makes servers that start a thread for each request."""
    row = run.models.find("subclass", HANDLER)
    return row is not None and row.needs_base is not None and run.classes.is_a(klass, row.needs_base)


def made(run: Interpreter, klass: Value, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """An object of a class has been made: of a threading server, what it makes for a request is handed over.

    A handler class of the same file has its finding at its own methods.
    """
    row = run.models.find("spawn", spawning.THREAD)
    if row is None or not is_threading(run, klass):
        return
    given = arguments.get(*_SLOT) or NOTHING
    if isinstance(klass, ClassValue) and attributes.lookup(run, klass, "__init__") is not None:
        # Its own arguments stand where they like; a handler's class among them is handed on.
        others = join((*arguments.args, *arguments.keywords.values()))
        given = frozenset(v for v in others if isinstance(v, ClassValue) and handler_rows(run, v)) or given
    handlers = frozenset(v for v in given if isinstance(v, ClassValue) and handler_rows(run, v))
    entries: set[Value] = {v for v in given if v not in handlers and not isinstance(v, (Const, Ext))}
    for value in handlers:
        assert isinstance(value, ClassValue)
        if value.module is not frame.module:
            entries.add(Bound(Ext(REQUEST), Instance(value)))
    if entries:
        unknown_request = Arguments([unknown("request")] * 3)
        spawning.report_call(run, row, frozenset(entries), unknown_request, at, frame, None)


def _request(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Handle one request: ``setup``, one of the handling methods, and ``finish`` whatever happens."""
    if not isinstance(receiver, Instance):
        return NONE
    rows = handler_rows(run, receiver.klass)
    names = dict.fromkeys(name for row in rows[:1] for name in row.entries)
    handling = [n for n in names if n not in ("setup", "finish")]
    methods = [attributes.special(run, receiver, name, at, frame) for name in handling]
    called = [vals for vals in methods if vals]
    arms = [partial(_run, run, vals, at, frame) for vals in called]
    with run.writing() as body:
        _run(run, attributes.special(run, receiver, "setup", at, frame) or NOTHING, at, frame)
        if len(arms) == 1:
            arms[0]()
        elif arms:
            run.alternatives(at, arms)
    with run.writing() as final:
        _run(run, attributes.special(run, receiver, "finish", at, frame) or NOTHING, at, frame)
    run.emit(flow.Try(at, flow.sequence(body), (), flow.NOTHING, flow.sequence(final)))
    return NONE


def _run(run: Interpreter, function: Vals, at: r.At, frame: Frame) -> bool:
    if function:
        run.call(function, Arguments(), at, frame)
    return True


__all__ = ["HANDLER", "REQUEST", "handler_rows", "is_threading", "made"]


HANDLERS: dict[str, Handler] = {REQUEST: _request}
