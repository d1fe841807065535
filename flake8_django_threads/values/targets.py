"""Assignment targets: names, attributes, items, and unpacking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, iteration, made_classes
from flake8_django_threads.values.domain import (
    ANY_KEY,
    Arguments,
    Bound,
    Box,
    Const,
    Ext,
    Fields,
    Frame,
    Instance,
    Vals,
    Value,
    const,
    join,
    one,
    string,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter


def assign(run: Interpreter, frame: Frame, target: r.Expr, vals: Vals, source: r.Expr | None) -> None:
    """Give ``target`` the value; ``source`` is the expression, so that a display can be unpacked item by item."""
    match target:
        case r.Name():
            run.bind(frame, target.id, vals)
        case r.Attr():
            receivers = run.evaluate(frame, target.base)
            plain = set()
            for receiver in attributes.ordered(receivers):
                setter = None
                if isinstance(receiver, Instance):
                    setter = attributes.accessor(run, receiver.klass, target.name, "setter")
                if setter is not None:
                    run.call(one(Bound(setter, receiver)), Arguments([vals]), target.at, frame)
                elif not _by_descriptor(run, frame, receiver, target, vals):
                    plain.add(receiver)
            attributes.set_attribute(run, frozenset(plain), target.name, vals)
            for receiver in attributes.ordered(receivers):
                if isinstance(receiver, Instance):
                    attributes.dunder(run, receiver, "__setattr__", (const(target.name), vals), target.at, frame)
        case r.Index():
            receivers = run.evaluate(frame, target.base)
            keys = run.evaluate(frame, target.key)
            for receiver in attributes.ordered(receivers):
                if isinstance(receiver, Ext):
                    path = f"{receiver.path}.__setitem__"
                    run.on_library(path, receiver, Arguments([keys, vals]), target.at, frame)
                if isinstance(receiver, Box) and keys == one(Const(":", "slice")) and len(receivers) == 1:
                    parts, is_whole = iteration.collect(run, vals, target.at, frame)
                    boxes.clear(run, receiver)
                    boxes.extend(run, receiver, parts if is_whole else None, join(parts))
                elif isinstance(receiver, Box):
                    boxes.put(run, receiver, keys, vals)
                elif isinstance(receiver, Fields):
                    name = string(keys)
                    if name is not None:
                        attributes.set_attribute(run, one(receiver.owner), name, vals)
                elif (
                    attributes.dunder(run, receiver, "__setitem__", (keys, vals), target.at, frame) is None
                    and isinstance(receiver, Instance)
                    and (inner := attributes.held_box(run, receiver)) is not None
                ):
                    boxes.put(run, inner, keys, vals)
                else:
                    run.may_raise(target.at)
        case r.Starred():
            assign(run, frame, target.value, vals, None)
        case r.Display():
            _unpack(run, frame, target, vals)


def names(target: r.Expr) -> Iterator[str]:
    """The names that a target binds."""
    match target:
        case r.Name():
            yield target.id
        case r.Display():
            for item in target.items:
                yield from names(item)
        case r.Starred():
            yield from names(target.value)


def _by_descriptor(run: Interpreter, frame: Frame, receiver: Value, target: r.Attr, vals: Vals) -> bool:
    """Whether an attribute's own descriptor, of a class of the project, takes the value."""
    found = attributes.lookup(run, receiver.klass, target.name) if isinstance(receiver, Instance) else None
    for field in attributes.ordered(found[1]) if found is not None else ():
        if attributes.dunder(run, field, "__set__", (one(receiver), vals), target.at, frame) is not None:
            return True
    return False


def delete(run: Interpreter, frame: Frame, target: r.Attr | r.Index) -> None:
    """``del value.name`` or ``del value[key]``: what the objects' own methods do about it."""
    keys = run.evaluate(frame, target.key) if isinstance(target, r.Index) else const(target.name)
    for receiver in attributes.ordered(run.evaluate(frame, target.base)):
        if isinstance(receiver, Ext) and isinstance(target, r.Index):
            run.on_library(f"{receiver.path}.__delitem__", receiver, Arguments([keys]), target.at, frame)
        if isinstance(receiver, Box) and isinstance(target, r.Index):
            boxes.take(run, receiver, keys)
        if not isinstance(receiver, Instance):
            continue
        if isinstance(target, r.Index):
            attributes.dunder(run, receiver, "__delitem__", (keys,), target.at, frame)
        elif (deleter := attributes.accessor(run, receiver.klass, target.name, "deleter")) is not None:
            run.call(one(Bound(deleter, receiver)), Arguments(), target.at, frame)
        else:
            attributes.dunder(run, receiver, "__delattr__", (keys,), target.at, frame)


def _unpack(run: Interpreter, frame: Frame, target: r.Display, vals: Vals) -> None:
    vals = frozenset(made_classes.as_tuple(run, v) for v in vals)
    sized = all(isinstance(v, Box) and boxes.length(run, v) >= 0 for v in vals) and vals
    if not sized:
        parts, is_whole = iteration.collect(run, vals, target.at, frame)
        if is_whole:
            vals, sized = one(boxes.make(run, "tuple", run.site(frame, target.at), parts)), vals
        vals_of_all = join(parts)
    starred = next((i for i, item in enumerate(target.items) if isinstance(item, r.Starred)), None)
    for index, item in enumerate(target.items):
        if isinstance(item, r.Starred):
            after = len(target.items) - index - 1
            rest = attributes.part_of(run, vals, index, after, ("rest", frame, target.at)) if sized else None
            if rest is None:
                rest = Box("list", ("rest", frame, target.at))
                run.store.set((rest, ANY_KEY), iteration.elements(run, vals, target.at, frame))
            assign(run, frame, item, one(rest), None)
        elif not sized:
            assign(run, frame, item, vals_of_all, None)
        else:
            place = index if starred is None or index < starred else index - len(target.items)
            held = [attributes.item(run, one(v), one(Const(place, "int")), target.at, frame) for v in vals]
            assign(run, frame, item, frozenset().union(*held) or unknown("unpacking"), None)
