"""The methods of lists, deques, tuples, sets and dicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import attributes, boxes, container_calls, iteration
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NONE,
    NOTHING,
    Arguments,
    Box,
    Const,
    Frame,
    Vals,
    join,
    literal,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_LAST = one(Const(-1, "int"))
_FIRST = one(Const(0, "int"))


def call(run: Interpreter, box: Box, name: str, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call the method ``name`` of a container."""
    if box.kind == "dict":
        return _of_dict(run, box, name, arguments, at, frame)
    return _of_sequence(run, box, name, arguments, at, frame)


def _of_sequence(run: Interpreter, box: Box, name: str, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    first = arguments.get(0, None) or NOTHING
    site = run.site(frame, at)
    match name:
        case "add":
            for value in attributes.ordered(first):
                attributes.dunder(run, value, "__hash__", (), at, frame)
            run.store.add((box, ANY_KEY), first)
        case "append" | "put" | "put_nowait":
            boxes.insert(run, box, -1, first)
        case "appendleft":
            boxes.insert(run, box, 0, first)
        case "insert":
            place = literal(first)
            within = isinstance(place, int) and 0 <= place <= boxes.length(run, box)
            boxes.insert(run, box, place if within else None, arguments.get(1, None) or NOTHING)  # type: ignore[arg-type]
        case "extend" | "extendleft" | "update":
            for given in arguments.args:
                more, is_whole = iteration.collect(run, given, at, frame)
                if name == "extend" and is_whole:
                    boxes.extend(run, box, more)
                else:
                    run.store.add((box, ANY_KEY), join(more))
        case "pop" | "popleft" | "get" | "get_nowait":
            default = _FIRST if name == "popleft" else _LAST
            taken = boxes.take(run, box, first or default) if box.kind != "set" else boxes.values(run, box)
            run.may_raise(at)
            return taken or unknown("element of a container that is not known")
        case "remove" | "discard":
            for value in attributes.ordered(boxes.values(run, box)):
                attributes.dunder(run, value, "__eq__", (first,), at, frame)
            boxes.remove(run, box, first)
            if name == "remove":
                run.may_raise(at)
        case "clear":
            boxes.clear(run, box)
        case "copy":
            return one(boxes.copy(run, box, box.kind, site))
        case "union" | "intersection" | "difference" | "symmetric_difference":
            same = Box(box.kind, site)
            run.store.add((same, ANY_KEY), boxes.values(run, box))
            if name in ("union", "symmetric_difference"):
                for given in arguments.args:
                    run.store.add((same, ANY_KEY), join(iteration.collect(run, given, at, frame)[0]))
            return one(same)
        case "reverse":
            parts = boxes.parts(run, box)
            if parts is not None:
                boxes.fill(run, box, parts[::-1])
        case "rotate":
            boxes.loosen(run, box)
        case "sort":
            parts = boxes.parts(run, box)
            compared = [boxes.values(run, box)] if parts is None else parts
            container_calls.compare(run, arguments, compared, parts is not None, "__lt__", at, frame)
            boxes.loosen(run, box)
        case "index" | "count":
            run.may_raise(at)
            return unknown("result of a container's method")
        case _:
            return unknown("result of a container's method")
    return NONE


def _of_dict(run: Interpreter, box: Box, name: str, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    first = arguments.get(0, None) or NOTHING
    default = arguments.get(1, None)
    site = run.site(frame, at)
    match name:
        case "get" | "setdefault":
            return _got(run, box, first, NONE if default is None else default, name == "setdefault")
        case "pop":
            is_there = boxes.holds(run, box, first)
            taken = boxes.take(run, box, first) if is_there is not False else None
            if default is None and not is_there:
                run.may_raise(at)
            return join((taken or NOTHING, (NOTHING if is_there else default) or NOTHING)) or unknown("item of a dict")
        case "popitem":
            order = boxes.order(run, box)
            key = one(boxes.of_key(order[-1])) if order else boxes.all_keys(run, box)
            held = boxes.take(run, box, key) if order else boxes.values(run, box)
            run.may_raise(at)
            return one(boxes.make(run, "tuple", (*site, "item"), [key, held or unknown("item of a dict")]))
        case "update":
            container_calls.update_dict(run, box, arguments, at, frame)
        case "clear":
            boxes.clear(run, box)
        case "move_to_end":
            pass
        case "copy":
            return one(boxes.copy(run, box, "dict", site))
        case "keys":
            return one(box)
        case "values" | "items":
            return _view(run, box, name == "items", site)
        case "union":
            return one(boxes.copy(run, box, "dict", site))
        case _:
            return unknown("result of a container's method")
    return NONE


def _got(run: Interpreter, box: Box, key: Vals, default: Vals, keep: bool) -> Vals:
    """``get``, or ``setdefault`` (``keep``): what is there, else the default."""
    is_there = boxes.holds(run, box, key)
    if is_there or (is_there is None and not keep and _is_found(run, box, key)):
        return boxes.get(run, box, key)
    if is_there is False:
        if keep:
            boxes.put(run, box, key, default)
        return default
    found = boxes.get(run, box, key)
    if not keep:
        return join((found, default))
    held = join((found, default)) if _is_found(run, box, key) or boxes.loose(run, box) else default
    boxes.put(run, box, key, held)
    return held


def _is_found(run: Interpreter, box: Box, key: Vals) -> bool:
    """Whether the dict may hold something under the one constant key, which is taken for granted then."""
    if len(key) != 1 or not boxes.is_key(*key):
        return False
    return boxes.key_of(*key) in boxes.keys(run, box)


def _view(run: Interpreter, box: Box, with_keys: bool, site: tuple[object, ...]) -> Vals:
    """``values()`` or ``items()``, as they are now."""
    order = boxes.order(run, box)
    if order is not None:
        keys = [one(boxes.of_key(key)) for key in order]
        held = [run.store.get((box, key)) or unknown("item") for key in order]
        if not with_keys:
            return one(boxes.make(run, "list", site, held))
        return container_calls.rows(run, [keys, held], site)
    if with_keys:
        held_by_any = boxes.values(run, box) or unknown("item of a dict")
        constants = [key for key in boxes.keys(run, box) if run.store.get((box, key))]
        if boxes.loose(run, box) or not constants:
            return container_calls.loose_rows(run, [boxes.all_keys(run, box), held_by_any], site)
        made = Box("list", site)
        for index, key in enumerate(constants):
            row = [one(boxes.of_key(key)), run.store.get((box, key)) or NOTHING]
            run.store.add((made, ANY_KEY), one(boxes.make(run, "tuple", (*site, "row", index), row)))
        return one(made)
    same = Box("list", site)
    run.store.add((same, ANY_KEY), boxes.values(run, box))
    return one(same)
