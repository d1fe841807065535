"""What surrounds the running code in its thread: an event loop, which refuses plain queries; a transaction's block;
and whether it is another thread's code after all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import flow
from flake8_django_threads.values.domain import NOTHING, Cell, Const, Vals, one

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

# Cells like any other, so that a call's summary is used again only where the same surrounds it.
_LOOP: Cell = ("<surroundings>", "loop")
_BLOCK: Cell = ("<surroundings>", "block")
_WAITED: Cell = ("<surroundings>", "waited")
_ELSEWHERE: Cell = ("<surroundings>", "elsewhere")
_ON = one(Const(True, "bool"))
_REFUSED: flow.Kind = ("SynchronousOnlyOperation", "Exception", "BaseException")


def in_loop(run: Interpreter) -> bool:
    """Whether a coroutine's own thread runs this, for certain."""
    return run.store.get(_LOOP) == _ON


@contextmanager
def loop(run: Interpreter, running: bool) -> Iterator[None]:
    """Run what is inside as a coroutine's own code, or as code that has no event loop around it."""
    before = run.store.get(_LOOP)
    # What a coroutine lets another thread do comes back only to one that waits for the coroutine.
    leaves = before == _ON and not running and run.store.get(_WAITED) != _ON
    with _marked(run, _LOOP, _ON if running else NOTHING), _marked(run, _ELSEWHERE, _ON) if leaves else nullcontext():
        yield


def waited(run: Interpreter) -> AbstractContextManager[None]:
    """Run what is inside as a coroutine for which ``async_to_sync`` waits in this thread."""
    return _marked(run, _WAITED, _ON)


@contextmanager
def _marked(run: Interpreter, cell: Cell, mark: Vals) -> Iterator[None]:
    before = run.store.get(cell)
    run.store.set(cell, mark)
    try:
        yield
    finally:
        run.store.set(cell, before or NOTHING)


@contextmanager
def block(run: Interpreter, alias: str) -> Iterator[list[Vals]]:
    """Run what is inside as the body of an atomic block on a database; the list has, at its end, what waited for the
    commit."""
    waiting: list[Vals] = []
    if run.store.get(_BLOCK):
        yield waiting  # They wait for the outer block.
        return
    mark = _block_on(alias)
    run.store.set(_BLOCK, mark)
    try:
        yield waiting
    finally:
        waiting.append((run.store.get(_BLOCK) or NOTHING) - mark)
        run.store.set(_BLOCK, NOTHING)


def _block_on(alias: str) -> Vals:
    return one(Const(alias, "block"))


def put_off(run: Interpreter, callbacks: Vals) -> bool:
    """Let callbacks wait for the end of the block around; False where there is none, so that they run at once."""
    if not run.store.get(_BLOCK):
        return False
    run.store.add(_BLOCK, callbacks)
    return True


def leave(run: Interpreter) -> None:
    """A new thread: neither a loop nor a block goes along."""
    for cell in (_LOOP, _BLOCK, _WAITED, _ELSEWHERE):
        run.store.set(cell, NOTHING)


def touch(run: Interpreter, node: flow.Touch) -> None:
    """Emit a touch, or its refusal where a coroutine makes a plain call."""
    if in_loop(run):
        refuse(run, node.at)
    else:
        in_block = _block_on(node.alias) <= (run.store.get(_BLOCK) or NOTHING)
        run.emit(node._replace(in_block=in_block, elsewhere=run.store.get(_ELSEWHERE) == _ON))


def refuse(run: Interpreter, at: r.At) -> None:
    """Emit what Django raises where a coroutine asks for a connection's work."""
    run.emit(flow.Raise(at, _REFUSED))
