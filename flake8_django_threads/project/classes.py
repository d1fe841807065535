"""The order in which a class looks into its bases."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


def linearise(cls: T, bases_of: Callable[[T], Sequence[T]]) -> tuple[T, ...]:
    """The method resolution order of ``cls``, itself first, by C3 as Python does it.

    Where Python would refuse the class (an inconsistent order, a base twice, a cycle) the order is depth first, left to
    right, without repeats: a linter meets such classes through names that it resolved wrongly, and has to go on.
    ``bases_of`` is called once per class. Depth is no limit.
    """
    bases: dict[T, tuple[T, ...]] = {}  # in depth-first order
    orders: dict[T, tuple[T, ...] | None] = {}  # None: no consistent order
    stack = [cls]
    while stack:
        current = stack[-1]
        if current not in bases:
            bases[current] = tuple(bases_of(current))
        unseen = next((base for base in bases[current] if base not in bases), None)
        if unseen is not None:
            stack.append(unseen)
            continue
        stack.pop()
        # A base that is still on the stack closes a cycle; it has no order yet.
        orders[current] = _c3(current, bases[current], [orders.get(base) for base in bases[current]])
    return orders[cls] or tuple(bases)


def _c3(cls: T, bases: tuple[T, ...], orders: Sequence[tuple[T, ...] | None]) -> tuple[T, ...] | None:
    found = [order for order in orders if order is not None]
    if len(found) < len(bases):
        return None
    if len(bases) == 1:
        return (cls, *found[0])
    waiting = [deque(line) for line in (*found, bases) if line]
    in_tails = Counter(name for line in waiting for name in list(line)[1:])
    merged = [cls]
    while waiting:
        head = next((line[0] for line in waiting if not in_tails[line[0]]), None)
        if head is None:
            return None
        merged.append(head)
        for line in waiting:
            if line[0] == head:
                line.popleft()
                if line:
                    in_tails[line[0]] -= 1
        waiting = [line for line in waiting if line]
    return tuple(merged)
