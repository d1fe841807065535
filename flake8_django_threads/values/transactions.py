"""The atomic blocks that are entered where code runs, and the threads that start there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from flake8_django_threads.facts.records import At
from flake8_django_threads.values.domain import Ext, Value
from flake8_django_threads.values.flow import DEFAULT

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

ATOMIC = "django.db.transaction.atomic()"


class Block(NamedTuple):
    """An atomic block: the file and position of its with statement, or of the function that it decorates.

    ``alias`` is its database; "?" where that is not known.
    """

    path: str
    at: At
    alias: str


class Start(NamedTuple):
    """A call of a thread's ``start``: the thread, the file and position of the call, the blocks around it."""

    thread: Value
    path: str
    at: At
    blocks: tuple[Block, ...]


@contextmanager
def entered(run: Interpreter, manager: Value, path: str, at: At) -> Iterator[None]:
    """Run the body of a with statement, inside a transaction if its manager is one."""
    if not (isinstance(manager, Ext) and manager.path == ATOMIC):
        yield
        return
    outer = run.blocks
    run.blocks = (*outer, Block(path, at, manager.alias or DEFAULT))
    try:
        yield
    finally:
        run.blocks = outer


@contextmanager
def outside(run: Interpreter) -> Iterator[None]:
    """Run code that does not run here and now, but after the commit, at import or in a run of its own."""
    outer, run.blocks = run.blocks, ()
    try:
        yield
    finally:
        run.blocks = outer
