"""Places in a file: where one begins, which holds another, and the function around one."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.facts.records import At, Block, Function


def begin(at: At) -> tuple[int, int]:
    """The line and column at which a place begins."""
    return at[0], at[1]


def holds(outer: At, inner: At) -> bool:
    """Whether a place begins within another one."""
    return begin(outer) <= begin(inner) <= (outer[2], outer[3])


def whole(block: Block) -> At:
    """The place from the first to the last of some statements."""
    first, last = block[0].at, block[-1].at
    return first[0], first[1], last[2], last[3]


def innermost(functions: Iterable[Function], at: At) -> Function | None:
    """The innermost of the functions that hold a place."""
    return max((f for f in functions if holds(f.at, at)), key=lambda function: begin(function.at), default=None)
