"""Calls that hand values between jobs: queues, futures, gathered coroutines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    calls,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NONE,
    NOTHING,
    Arguments,
    Const,
    Ext,
    Frame,
    Pending,
    Vals,
    Value,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

_DONE = "<done>"
_QUEUES = (
    "queue.Queue",
    "queue.LifoQueue",
    "queue.PriorityQueue",
    "queue.SimpleQueue",
    "multiprocessing.Queue",
    "collections.deque",
    "asyncio.Queue",
)


def _done_callback(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = frozenset(v for v in arguments.get(0, "fn") or NOTHING if not isinstance(v, Const))
    if receiver is not None and given:
        if run.store.get((receiver, _DONE)):
            run.call(given, Arguments([one(receiver)]), at, frame)
        else:
            run.on_done(receiver, given, frame, at)
    return NONE


def _wait_for_result(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """A future's ``result`` or ``exception``: behind it the job is done, and later callbacks run in this thread."""
    run.may_raise(at)
    if receiver is not None:
        run.store.set((receiver, _DONE), one(Const(True, "bool")))
    return unknown("result of a future")


def _queue_put(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if receiver is not None:
        run.store.add((receiver, ANY_KEY), arguments.get(0, "item") or NOTHING)
    return NONE


def _queue_get(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    run.may_raise(at)
    held = run.store.get((receiver, ANY_KEY)) if receiver is not None else None
    return held or unknown("item of a queue")


def _gather(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Every coroutine that is given runs here; of those that one argument may be, any."""

    from flake8_django_threads.values import touches

    results: list[Vals] = []

    def runner(value: Value) -> Callable[[], bool]:
        def finish() -> bool:
            results[-1:] = [join((results[-1], calls.wait_for(run, value, at, frame)))]
            return True

        return finish

    for vals in (*arguments.args, arguments.more):
        results.append(NOTHING)
        runs = [runner(v) for v in attributes.ordered(vals) if isinstance(v, Pending) or touches.awaits(run, v)]
        if len(runs) == 1:
            runs[0]()
        elif runs:
            run.alternatives(at, runs)
    if arguments.more or not all(results[:-1]):
        return one(Ext("asyncio.gather()"))
    return one(boxes.make(run, "list", run.site(frame, at), results[:-1]))


HANDLERS: dict[str, Handler] = {
    **{f"{path}().{name}": _queue_put for path in _QUEUES for name in ("put", "put_nowait", "append", "appendleft")},
    **{f"{path}().{name}": _queue_get for path in _QUEUES for name in ("get", "get_nowait", "pop", "popleft")},
    "asyncio.TaskGroup().create_task": _gather,
    "asyncio.gather": _gather,
    "concurrent.futures.Future().add_done_callback": _done_callback,
    "concurrent.futures.Future().result": _wait_for_result,
    "concurrent.futures.Future().exception": _wait_for_result,
}
