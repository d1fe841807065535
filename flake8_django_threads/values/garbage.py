"""Garbage: the names of a call and the containers that it has made which nobody can reach once it is over.

A body that makes a container at the same place again makes the same abstract one, of which nothing is certain any more
(see ``boxes.is_new``). One that was left behind is none of that: its cells go with the call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import get_args

from flake8_django_threads.values.boxes import ORDER
from flake8_django_threads.values.domain import Box, Frame, Value
from flake8_django_threads.values.store import Delta, Store

_PLAIN = frozenset(
    {"site", "module", "fact", "node", "kind", "path", "alias", "value", "reason", "size", "name", "folders"}
)
# The fields of each kind of value that may hold others; where an object was made names a frame, but does not hold it.
_PARTS: dict[type, tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind) if field.name not in _PLAIN) for kind in get_args(Value)
}
# In what has more cells nothing is looked for: it would take longer than it is worth.
MOST_CELLS = 2_000


def without_locals(writes: Delta, frame: Frame) -> Delta:
    """What a call has written, without the names of its own that no inner function can ask for once it is over.

    Else every branch of its callers would carry them along.
    """
    kept = frame.function.cell_names if frame.function is not None else frozenset()
    return {cell: vals for cell, vals in writes.items() if cell[0] is not frame or cell[1] in kept}


def without_garbage(writes: Delta, store: Store, results: Iterable[object], running: Collection[Frame]) -> Delta:
    """What a call has written, without the cells of the containers that it has left behind.

    ``store`` is as it was before the call; ``results`` are what it gives back, ``running`` the frames of its callers.
    """
    if len(writes) > MOST_CELLS:
        return writes
    made = {owner for owner, _ in writes if isinstance(owner, Box) and not _is_known(owner, store)}
    if not made:
        return writes
    kept = _reached(writes, made, results, running)
    if made <= kept:
        return writes
    return {cell: vals for cell, vals in writes.items() if cell[0] not in made or cell[0] in kept}


def _is_known(box: Box, store: Store) -> bool:
    return store.peek((box, ORDER)) is not None


def _reached(writes: Delta, made: set[Box], results: Iterable[object], running: Collection[Frame]) -> set[object]:
    """Everything that can be reached from the results, and from whatever outlives the call."""
    inside: dict[object, list[object]] = {}
    todo: list[object] = list(results)
    for (owner, _), vals in writes.items():
        # The names of a body that is over are reached only through what it has left of itself, such as a closure.
        if owner in made or (isinstance(owner, Frame) and owner.function is not None and owner not in running):
            inside.setdefault(owner, []).append(vals)
        else:
            todo.append(vals)
    seen: set[object] = set()
    while todo:
        found = todo.pop()
        if isinstance(found, (frozenset, tuple, list)):
            todo.extend(found)
        elif isinstance(found, Frame):
            if found not in seen:
                seen.add(found)
                todo.extend(inside.get(found, ()))
                todo.append(found.parent)
        elif (names := _PARTS.get(type(found))) is not None and found not in seen:
            seen.add(found)
            todo.extend(inside.get(found, ()))
            todo.extend(getattr(found, name) for name in names)
    return seen
