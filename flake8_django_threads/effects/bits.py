"""The typestate of one connection as bits: what code does to it, as a relation between entry and exit.

Four states: FRESH (shut, and no close has run yet), OPEN, SHUT (by a close) and REOPENED (open again after a close).
A relation is a 16-bit number, four bits for each entry state: bit ``4 * entry + exit``. 0 relates nothing to nothing:
that point is not reached. Two states more than open and shut are what tells "never closes" from "reopens".
"""

from __future__ import annotations

from functools import cache

FRESH, OPEN, SHUT, REOPENED = range(4)


def _relation(exits: tuple[int, int, int, int]) -> int:
    return sum(1 << (4 * entry + state) for entry, state in enumerate(exits))


NEVER = 0
SAME = _relation((FRESH, OPEN, SHUT, REOPENED))
TOUCH = _relation((OPEN, OPEN, REOPENED, REOPENED))
# The block has opened the connection, so what is shut in it was closed in it, and every further query is refused.
SHUT_STAYS = 1 << (4 * SHUT + SHUT)
TOUCH_IN_BLOCK = TOUCH & ~(1 << (4 * SHUT + REOPENED))
CLOSE = _relation((SHUT, SHUT, SHUT, SHUT))
ASSUME_SHUT = (1 << (4 * FRESH + FRESH)) | (1 << (4 * SHUT + SHUT))
ASSUME_OPEN = SAME & ~ASSUME_SHUT


@cache
def then(first: int, second: int) -> int:
    """The relation of ``first`` followed by ``second``."""
    result = 0
    for entry in range(4):
        middle = first >> (4 * entry) & 15
        exits = 0
        for state in range(4):
            if middle >> state & 1:
                exits |= second >> (4 * state) & 15
        result |= exits << (4 * entry)
    return result


@cache
def closure(round_: int) -> int:
    """The relation of any number of rounds, none included."""
    result = SAME
    while (more := result | then(result, round_)) != result:
        result = more
    return result


def exits(relation: int, entry: int = FRESH) -> frozenset[int]:
    """The states in which code with this relation may end when it begins in ``entry``."""
    return frozenset(state for state in range(4) if relation >> (4 * entry + state) & 1)
