"""Containers: lists, tuples, sets and dicts, and what is known of the items in them.

A container is a ``Box``; its items are cells of the store. As long as it is certain which items there are and in which
order, the cell ``ORDER`` says so, and each item has a cell of its own. Whatever is put in behind an unknown key or an
unknown number of times goes to the one cell ``ANY_KEY``, which only ever grows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

from flake8_django_threads.values import enums
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Box,
    ClassValue,
    Const,
    Func,
    Instance,
    Order,
    Unknown,
    Vals,
    Value,
    join,
    one,
    order_key,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

KEYS = "<keys>"
ORDER = "<order>"
OTHER_KEYS = "<other keys>"
FACTORY = "<factory>"
MOST_KEYS = 1_000
# Items that are put in one by one are told apart up to here.
MOST_TOLD = 64
_NOT_KNOWN = unknown("order of a container")


# What is known of the whole container.


def make(run: Interpreter, kind: str, site: object, parts: Sequence[Vals]) -> Box:
    """A list, tuple or set with exactly these items."""
    box = Box(kind, site, len(parts))
    if not is_new(run, box):
        for index, vals in enumerate(parts):
            if kind == "tuple":
                run.store.add((box, index), vals)
            else:
                run.store.add((box, ANY_KEY), vals)
        return box
    fill(run, box, parts)
    return box


def is_new(run: Interpreter, box: Box) -> bool:
    """Whether the container is made here for the first time.

    What was made at import is the same object wherever it is met. Where a body makes one at the same place again, the
    two cannot be told apart, and nothing is certain of them any more.
    """
    cell = (box, ORDER)
    if run.store.get(cell) is None:
        return True
    if run.store.written(cell) is not None and box.kind != "tuple":
        run.store.set(cell, _NOT_KNOWN)
    return False


def fill(run: Interpreter, box: Box, parts: Sequence[Vals]) -> None:
    """Let a list, tuple or set hold exactly these items."""
    for index, vals in enumerate(parts):
        run.store.set((box, index), vals)
    _arrange(run, box, range(len(parts)))
    if loose(run, box):
        run.store.set((box, ANY_KEY), NOTHING)


def loosen(run: Interpreter, box: Box) -> None:
    """Forget which item is where."""
    held = values(run, box)
    if box.kind != "dict":
        _arrange(run, box, ())
    run.store.set((box, ORDER), _NOT_KNOWN)
    run.store.add((box, ANY_KEY), held)


def keep_size(run: Interpreter, box: Box, size: int) -> None:
    """Say that a container, filled by hand at the places 0, 1 and so on, holds so many items."""
    _arrange(run, box, range(size))


def _arrange(run: Interpreter, box: Box, keys: Iterable[Hashable]) -> None:
    order = tuple(keys)
    run.store.set((box, ORDER), one(Order(order)))
    run.store.set((box, KEYS), frozenset(map(of_key, order)))


def order(run: Interpreter, box: Box) -> tuple[object, ...] | None:
    """The keys of a dict, or the places of a sequence, where it is certain which there are, and in which order."""
    held = run.store.get((box, ORDER))
    if held is None or len(held) != 1 or loose(run, box):
        return None
    (value,) = held
    return value.keys if isinstance(value, Order) else None


def length(run: Interpreter, box: Box) -> int:
    """The number of items where it is certain, else -1."""
    if run.store.get((box, ORDER)) is None:
        return box.size if not loose(run, box) else -1
    known = order(run, box)
    return -1 if known is None else len(known)


def is_of_this_run(run: Interpreter, box: Box) -> bool:
    """Whether a running body made the container; what a module made may hold what other modules put in."""
    return run.store.written((box, ORDER)) is not None


def parts(run: Interpreter, box: Box) -> list[Vals] | None:
    """The items in order (of a dict, the keys); None where they are not told apart."""
    known = order(run, box)
    if known is None or box.kind == "set":
        return None
    if box.kind == "dict":
        return [one(of_key(key)) for key in known]
    return [run.store.get((box, key)) or unknown("item") for key in known]


def loose(run: Interpreter, box: Box) -> Vals:
    """What the container holds at places that are not known."""
    return run.store.get((box, ANY_KEY)) or NOTHING


# Items.


def is_key(value: Value) -> bool:
    """Whether a value is the same wherever it is used as a key."""
    if isinstance(value, Const):
        return value.kind not in ("pattern", "slice")
    return isinstance(value, (Func, ClassValue)) or enums.is_member(value)


def key_of(value: Value) -> object:
    """The key under which such a value is kept."""
    return value.value if isinstance(value, Const) else value


def of_key(key: object) -> Value:
    """The value that was used as this key."""
    return key if isinstance(key, (Func, ClassValue, Instance)) else Const(key, type(key).__name__)  # type: ignore[arg-type]


def keys(run: Interpreter, box: Box) -> list[object]:
    """The constant keys under which the container may hold something, in an order that does not depend on hashing."""
    known = order(run, box)
    if known is not None:
        return list(known)
    held = run.store.get((box, KEYS))
    return [key_of(v) for v in sorted(held, key=order_key)] if held else []


def all_keys(run: Interpreter, box: Box) -> Vals:
    """Everything that may be a key of the dict."""
    constants = frozenset(of_key(k) for k in keys(run, box))
    return join((constants, run.store.get((box, OTHER_KEYS)) or NOTHING)) or unknown("key of a dict")


def values(run: Interpreter, box: Box) -> Vals:
    """Everything that the container may hold."""
    cells = [run.store.get((box, key)) for key in keys(run, box)]
    cells.append(run.store.get((box, ANY_KEY)))
    return join(c for c in cells if c)


def literal_keys(run: Interpreter, wanted: Vals) -> Vals:
    """The keys with tuples of literals as what they are: literals too."""
    if not any(isinstance(value, Box) and value.kind == "tuple" for value in wanted):
        return wanted
    return frozenset(_tuple_key(run, value) if isinstance(value, Box) else value for value in wanted)


def _tuple_key(run: Interpreter, box: Box) -> Value:
    held = parts(run, box)
    if held is None or not all(len(vals) == 1 and is_key(*vals) for vals in held):
        return box
    return Const(tuple(key_of(*vals) for vals in held), "tuple")  # type: ignore[arg-type]


def get(run: Interpreter, box: Box, wanted: Vals) -> Vals:
    """What a container holds at any of the keys ``wanted``; everything it holds where a key is not a constant."""
    wanted = literal_keys(run, wanted)
    constants = [key_of(v) for v in wanted if is_key(v)]
    if len(constants) != len(wanted) or not constants:
        return values(run, box) or unknown("item of a container that is not known")
    found = NOTHING
    for key in constants:
        places = _places(run, box, key) if box.kind != "dict" and isinstance(key, int) else [key]
        if places is None:
            return values(run, box) or unknown("item of a container that is not known")
        found = join((found, *(run.store.get((box, place)) or NOTHING for place in places)))
    return join((found, loose(run, box))) or unknown("item of a container that is not known")


def _places(run: Interpreter, box: Box, key: int) -> list[int] | None:
    """The places that an index may mean; None where items may have moved."""
    held = run.store.get((box, ORDER))
    sizes = [len(v.keys) for v in held or () if isinstance(v, Order)]
    if held is None or len(sizes) != len(held):
        return None
    return [key] if key >= 0 else sorted({size + key for size in sizes if size + key >= 0})


def holds(run: Interpreter, box: Box, wanted: Vals) -> bool | None:
    """Whether a dict has the one key ``wanted``; None where that is not certain."""
    known = order(run, box)
    wanted = literal_keys(run, wanted)
    if known is None or len(wanted) != 1:
        return None
    (value,) = wanted
    if not is_key(value):
        return None
    return True if key_of(value) in known else (False if is_of_this_run(run, box) else None)


def put(run: Interpreter, box: Box, wanted: Vals, vals: Vals) -> None:
    """Store into a container: replacing at one constant key, adding otherwise."""
    wanted = literal_keys(run, wanted)
    constants = [v for v in wanted if is_key(v)]
    known = order(run, box)
    if box.kind != "dict":
        places = [key_of(v) for v in constants]
        if known is not None and len(places) == len(wanted) == 1 and isinstance(places[0], int):
            place = places[0] + len(known) if places[0] < 0 else places[0]
            if place in known:
                run.store.set((box, place), vals)
                return
        run.store.add((box, ANY_KEY), vals)
        return
    held = run.store.get((box, KEYS)) or NOTHING
    if len(constants) == len(wanted) == 1 and (len(held) < MOST_KEYS or constants[0] in held):
        key = key_of(constants[0])
        run.store.set((box, key), vals)
        # Not added: a set of values is cut at a limit that a table of functions may well exceed.
        run.store.set((box, KEYS), held.union(constants))
        if known is not None and key not in known:
            run.store.set((box, ORDER), one(Order((*known, key))))
    else:
        run.store.add((box, ANY_KEY), vals)
        run.store.add((box, OTHER_KEYS), wanted)


def insert(run: Interpreter, box: Box, place: int | None, vals: Vals) -> None:
    """Put an item into a list before ``place``; at the end where that is -1, anywhere where it is None."""
    held = parts(run, box)
    if held is None or place is None or len(held) >= MOST_TOLD:
        run.store.add((box, ANY_KEY), vals)
        return
    if place == -1:
        run.store.set((box, len(held)), vals)
        _arrange(run, box, range(len(held) + 1))
        return
    held.insert(place, vals)
    fill(run, box, held)


def take(run: Interpreter, box: Box, wanted: Vals) -> Vals | None:
    """Take the item at a key out of the container: what it was; None if it surely was not there."""
    wanted = literal_keys(run, wanted)
    found = get(run, box, wanted)
    known = order(run, box)
    if known is None or len(wanted) != 1 or not is_key(*wanted):
        if known is not None:
            loosen(run, box)
        elif box.kind != "dict" or len(wanted) != 1:
            run.store.set((box, ORDER), _NOT_KNOWN)
        return found
    key = key_of(*wanted)
    if box.kind == "dict":
        if key not in known:
            return None
        _arrange(run, box, [k for k in known if k != key])
        return found
    held = parts(run, box)
    if held is None or not isinstance(key, int):
        return found
    if not -len(held) <= key < len(held):
        return None
    del held[key]
    fill(run, box, held)
    return found


def remove(run: Interpreter, box: Box, vals: Vals) -> None:
    """Take the first item that is ``vals`` out of a list, or ``vals`` out of a set."""
    held = parts(run, box)
    if held is not None and len(vals) == 1:
        for index, each in enumerate(held):
            if len(each) != 1 or any(isinstance(v, Unknown) for v in (*each, *vals)):
                break
            if each == vals:
                del held[index]
                fill(run, box, held)
                return
    loosen(run, box)


def clear(run: Interpreter, box: Box) -> None:
    """Take everything out."""
    _arrange(run, box, ())
    for cell in (ANY_KEY, OTHER_KEYS):
        if run.store.get((box, cell)):
            run.store.set((box, cell), NOTHING)


def extend(run: Interpreter, box: Box, more: Sequence[Vals] | None, loosely: Vals = NOTHING) -> None:
    """Add items at the end of a list: these in order, or any number of ``loosely``."""
    if more is None:
        run.store.add((box, ANY_KEY), loosely)
        return
    for vals in more:
        insert(run, box, -1, vals)


def update(run: Interpreter, box: Box, other: Box) -> None:
    """Put into a dict what another one holds."""
    for key in keys(run, other):
        held = run.store.get((other, key))
        if held is None:
            continue
        if order(run, other) is None and (before := run.store.get((box, key))) is not None:
            held = join((before, held))
        put(run, box, one(of_key(key)), held)
    if order(run, other) is None:
        run.store.set((box, ORDER), _NOT_KNOWN)
    for cell in (ANY_KEY, OTHER_KEYS):
        loosely = run.store.get((other, cell))
        if loosely:
            run.store.add((box, cell), loosely)


def copy(run: Interpreter, box: Box, kind: str, site: object) -> Box:
    """Another container with the same items: a dict from a dict, a sequence or set from anything else."""
    if kind == "dict":
        same = Box("dict", site)
        if is_new(run, same):
            _arrange(run, same, ())
        update(run, same, box)
        factory = run.store.get((box, FACTORY))
        if factory is not None:
            run.store.set((same, FACTORY), factory)
        return same
    held = parts(run, box)
    if held is not None:
        return make(run, kind, site, held)
    same = Box(kind, site)
    run.store.add((same, ANY_KEY), all_keys(run, box) if box.kind == "dict" else values(run, box))
    return same


def pick(run: Interpreter, box: Box, places: Callable[[Sequence[int]], Sequence[int]], kind: str, site: object) -> Box:
    """The sequence of the items at some of the places; of all of them where they are not told apart."""
    held = parts(run, box)
    if held is None:
        part = Box(kind, site)
        run.store.add((part, ANY_KEY), values(run, box))
        return part
    return make(run, kind, site, [held[place] for place in places(range(len(held)))])
