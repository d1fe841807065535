"""Calls of contextlib: what exit stacks, ``closing`` and ``suppress`` make of what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
)
from flake8_django_threads.values.domain import (
    NONE,
    NOTHING,
    Arguments,
    Const,
    Ext,
    Frame,
    Instance,
    Partial,
    Vals,
    Value,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter


def _closing(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "thing") or NOTHING
    return frozenset(Ext("contextlib.closing()", value) for value in given) or one(Ext("contextlib.closing()"))


def _suppress(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import exceptions

    named = sorted((v for given in arguments.args for v in given), key=exceptions.name)
    swallowed = tuple(map(exceptions.name, named)), exceptions.lines(run, named)
    return one(Ext("contextlib.suppress()", None, "", swallowed))


def _null(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``nullcontext(x)`` gives what it was made with."""
    from flake8_django_threads.values import context_managers

    given = arguments.get(0, "enter_result")
    made = Ext("contextlib.nullcontext()", None, "", run.site(frame, at) if given else None)
    if given:
        run.store.set((made, context_managers.ENTERED), given)
    return one(made)


def _pop_all(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``stack.pop_all()``: another stack takes over what was pushed."""
    other = Ext("contextlib.ExitStack()", None, "", run.site(frame, at))
    run.store.set((other, "<callbacks>"), run.store.get((receiver, "<callbacks>")) or NOTHING)
    run.store.set((receiver, "<callbacks>"), NOTHING)
    run.pushed[:] = [push for push in run.pushed if push[0] != receiver]
    return one(other)


def _close_stack(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    if isinstance(receiver, Ext):
        unwind(run, receiver, at, frame)
        run.store.set((receiver, "<callbacks>"), NOTHING)
    return NONE


def _exit_stack(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    stack = Ext("contextlib.ExitStack()", None, "", run.site(frame, at))
    run.store.set((stack, "<callbacks>"), NOTHING)
    return one(stack)


def _exit_stack_callback(
    run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame
) -> Vals:
    if receiver is not None:
        given = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        bound = tuple(arguments.args[1:]), tuple(sorted(arguments.keywords.items()))
        if any(bound):
            given = frozenset(Partial(v, *bound) for v in given)
        run.store.add((receiver, "<callbacks>"), given)
        if isinstance(receiver, Ext):
            run.pushed.extend((receiver, run.out, len(run.out), value, False) for value in given)
    return arguments.get(0, None) or NONE


def _exit_stack_push(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Of a manager only its leaving is pushed; a function gets what a manager's ``__exit__`` gets."""
    given = arguments.get(0, "exit") or NOTHING
    leaving = frozenset(
        left
        for v in attributes.ordered(given)
        for left in (attributes.of(run, v, "__exit__", at, frame) if isinstance(v, Instance) else one(v))
    )
    about = unknown("exception under way")
    _exit_stack_callback(run, receiver, Arguments([leaving, about, about, about]), at, frame)
    return given


def _enter_context(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    from flake8_django_threads.values import context_managers

    managers = arguments.get(0, "cm") or unknown("context manager")
    if isinstance(receiver, Ext):
        run.pushed.append((receiver, run.out, len(run.out), context_managers.choose(managers), True))
    with run.writing():
        return context_managers.entered(run, managers, at, frame)


def unwind(run: Interpreter, stack: Ext, at: r.At, frame: Frame) -> None:
    """Run what was pushed onto an ExitStack."""
    callbacks = run.store.get((stack, "<callbacks>")) or NOTHING
    for value in reversed(attributes.ordered(callbacks)):
        run.call(one(value), Arguments(), at, frame)


HANDLERS: dict[str, Handler] = {
    "contextlib.ExitStack": _exit_stack,
    "contextlib.ExitStack().pop_all": _pop_all,
    "contextlib.ExitStack().close": _close_stack,
    "contextlib.nullcontext": _null,
    "contextlib.ExitStack().push": _exit_stack_push,
}
# By what a wrapper's row says in ``does``.
MEANINGS: dict[str, Handler] = {
    "closing": _closing,
    "suppress": _suppress,
    "on-exit": _exit_stack_callback,
    "enter": _enter_context,
}
