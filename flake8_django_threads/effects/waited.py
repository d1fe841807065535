"""Atomic blocks that wait for what they have started: two transactions side by side, as a test of locks wants them."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import innermost
from flake8_django_threads.facts.walk import callee, last_name, statements
from flake8_django_threads.project.store import Store
from flake8_django_threads.values.transactions import Block, Start

# What lets a thread go on only when another has ended, has a result, or gives a sign.
_WAITING = frozenset({"join", "wait", "result", "shutdown", "as_completed"})
# A with statement around one of these ends when its jobs have ended.
_POOLS = ("Pool", "Executor")


def is_waited_for(modules: Store, block: Block, start: Start) -> bool:
    """Whether a wait is written behind the start, to be over before the block is.

    It stands in the block, or in a function that is called there and starts the thread; whatever it waits for.
    """
    starting = _function_at(modules, start.path, start.at)
    holding = _function_at(modules, block.path, block.at)
    behind = start.at if starting is holding else block.at
    if holding is not None and _waits(modules, block.path, holding, behind, block.at):
        return True
    outside = starting if starting is not holding else None
    return outside is not None and _waits(modules, start.path, outside, start.at, outside.at)


def _waits(modules: Store, path: str, function: r.Function, behind: r.At, inside: r.At) -> bool:
    """Whether a wait of a function begins inside one place, and ends there, but behind another."""
    places = _waits_of(modules.facts(path), function)
    return any(inside[:2] <= at[:2] and behind[:2] < at[2:] <= inside[2:] for at in places)


def _waits_of(module: object, function: r.Function) -> Iterator[r.At]:
    """The places where a function itself, and none that is defined in it, waits for others."""
    assert isinstance(module, r.ModuleFacts)
    yield from (call.at for call, scope in module.calls if scope is function and _is_wait(call))
    for stmt in statements(function.body):
        if isinstance(stmt, r.With):
            names = [last_name(callee(item.manager)) for item in stmt.items]
            if any(pool in name for name in names for pool in _POOLS):
                yield stmt.at


def _is_wait(call: r.Call) -> bool:
    """Whether a call waits, by its name: a thread is joined with nothing, or for so many seconds."""
    name = last_name(call.func)
    if name != "join":
        return name in _WAITING
    return not call.args or (isinstance(call.args[0], r.Const) and isinstance(call.args[0].value, (int, float)))


def _function_at(modules: Store, path: str, at: r.At) -> r.Function | None:
    """The innermost function that holds a place, or is it."""
    facts = modules.facts(path)
    return innermost(facts.functions, at) if isinstance(facts, r.ModuleFacts) else None
