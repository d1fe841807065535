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

    ``alias`` is its database; "?" where that is not known. ``request``: it is no block, but opened for each call of the
    view at ``at``.
    """

    path: str
    at: At
    alias: str
    request: bool = False


class Start(NamedTuple):
    """A call of a thread's ``start``: the thread, the file and position of the call, the blocks around it."""

    thread: Value
    path: str
    at: At
    blocks: tuple[Block, ...]


@contextmanager
def entered(run: Interpreter, manager: Value, path: str, at: At) -> Iterator[Block | None]:
    """Run the body of a with statement, inside a transaction if its manager is one; gives that transaction."""
    if not (isinstance(manager, Ext) and manager.path == ATOMIC):
        yield None
        return
    outer = run.blocks
    block = Block(path, at, manager.alias or DEFAULT)
    run.blocks = (*outer, block)
    try:
        yield block
    finally:
        run.blocks = outer


def is_inside(run: Interpreter, alias: str) -> bool:
    """Whether a transaction on the database ``alias`` is open here; any one where the alias is not known.

    It is taken not to be, where nobody asks for transactions: code that runs in a thread begins outside of any.
    """
    return run.minds_blocks and any(
        "?" in (alias, block.alias) or alias in ("", "*", block.alias) for block in run.blocks
    )


@contextmanager
def outside(run: Interpreter) -> Iterator[None]:
    """Run code that does not run here and now, but after the commit, at import or in a run of its own."""
    outer, run.blocks = run.blocks, ()
    try:
        yield
    finally:
        run.blocks = outer
