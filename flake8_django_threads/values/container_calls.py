"""Calls that make, fill, change and consume containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    iteration,
    owned,
)
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NONE,
    NOTHING,
    Arguments,
    Box,
    Const,
    Ext,
    Frame,
    Instance,
    Lazy,
    Mapped,
    Pending,
    Unknown,
    Vals,
    Value,
    join,
    one,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

_MOST_SPREAD = 100  # elements told apart where a range is spread into arguments


def _collect(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        given = arguments.get(0, None)
        box = Box(kind, (frame.module.path, at, frame))
        if given is None:
            return one(Box(kind, (frame.module.path, at, frame), 0))
        _key(run, arguments, given, at, frame)
        if len(given) == 1:
            (value,) = given
            if isinstance(value, Box) and value.kind != "dict" and value.size >= 0:
                same = Box(kind, (frame.module.path, at, frame), value.size)
                for key in attributes.box_keys(run, value):
                    run.store.set((same, key), run.store.get((value, key)) or NOTHING)
                keys = run.store.get((value, "<keys>"))
                if keys:
                    run.store.set((same, "<keys>"), keys)
                loose = run.store.get((value, ANY_KEY))
                if loose:
                    run.store.set((same, ANY_KEY), loose)
                return one(same)
        run.store.set((box, ANY_KEY), iteration.elements(run, given, at, frame))
        return one(box)

    return handle


def _key(run: Interpreter, arguments: Arguments, given: Vals, at: r.At, frame: Frame) -> None:
    key = arguments.keywords.get("key")
    if key is not None:
        called = frozenset(v for v in key if not isinstance(v, Const))
        if called:
            with run.writing():
                inner = iteration.elements(run, given, at, frame)
            run.call(called, Arguments([inner]), at, frame)


def _consume(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``any``, ``sum``, ``min``, ``next``...: take elements and give one of them, or something made of them."""
    found = NOTHING
    for given in arguments.args[:1] if len(arguments.args) == 1 else arguments.args:
        if len(arguments.args) == 1 or any(isinstance(v, (Box, Lazy, Mapped, Pending, Ext, Instance)) for v in given):
            found = join((found, iteration.elements(run, given, at, frame)))
        else:
            found = join((found, given))
        _key(run, arguments, given, at, frame)
    return found or unknown("element")


def _next(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    owned.begin(run, given)
    stepped = [attributes.dunder(run, v, "__next__", (), at, frame) for v in attributes.ordered(given)]
    found = join(s for s in stepped if s)
    rest = frozenset(v for v, s in zip(attributes.ordered(given), stepped, strict=True) if s is None)
    return join(
        (found, iteration.elements(run, rest, at, frame) if rest else NOTHING, arguments.get(1, None) or NOTHING)
    )


def _same(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``iter``, ``reversed``: the elements are taken when the result is."""
    if len(arguments.args) == 2:
        box = Box("list", (frame.module.path, at, frame))
        function = frozenset(v for v in arguments.args[0] if not isinstance(v, Const))
        run.store.set((box, ANY_KEY), run.call(function, Arguments(), at, frame) if function else unknown("iterator"))
        return one(box)
    return arguments.get(0, None) or unknown("iterator")


def _pairs(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``enumerate`` and ``zip``: a list of tuples."""
    parts = [iteration.elements(run, given, at, frame) for given in arguments.args]
    path = arguments.node.func if arguments.node is not None else None
    if isinstance(path, r.Name) and path.id == "enumerate":
        parts = [unknown("number"), *parts[:1]]
    site = (frame.module.path, at, frame)
    inner, outer = Box("tuple", (*site, "pair"), len(parts)), Box("list", site)
    for index, vals in enumerate(parts):
        run.store.set((inner, index), vals)
    run.store.set((inner, "<keys>"), frozenset(Const(i, "int") for i in range(len(parts))))
    run.store.set((outer, ANY_KEY), one(inner))
    return one(outer)


def _map(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        function = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        return one(Mapped(kind, function, tuple(arguments.args[1:])))

    return handle


def _join(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    iteration.elements(run, arguments.get(0, None) or unknown("text"), at, frame)
    return one(Ext("str().join()"))


def _dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("dict", (frame.module.path, at, frame), len(arguments.keywords) if not arguments.args else -1)
    for name, vals in arguments.keywords.items():
        attributes.box_put(run, box, one(Const(name, "str")), vals)
    for given in arguments.args[:1]:
        for value in given:
            if isinstance(value, Box) and value.kind == "dict":
                for key in attributes.box_keys(run, value):
                    held = run.store.get((value, key))
                    if held is not None:
                        attributes.box_put(run, box, one(attributes.of_key(key)), held)
                loose = run.store.get((value, ANY_KEY))
                if loose is not None:
                    run.store.add((box, ANY_KEY), loose)
            else:
                for pair in iteration.elements(run, one(value), at, frame):
                    if isinstance(pair, Box):
                        keys, held = (attributes.box_item(run, pair, one(Const(place, "int"))) for place in (0, 1))
                        attributes.box_put(run, box, keys, held)
                    else:
                        run.store.add((box, ANY_KEY), unknown("item of something unknown"))
    return one(box)


def _range(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    bounds = [v.value for vals in arguments.args if len(vals) == 1 for v in vals if isinstance(v, Const)]
    known = not arguments.more and len(bounds) == len(arguments.args) > 0
    numbers = [bound for bound in bounds if isinstance(bound, int)]
    try:
        size = len(range(*numbers)) if known and len(numbers) == len(bounds) else -1
    except (ValueError, OverflowError, TypeError):
        size = -1
    return one(Box("range", (frame.module.path, at, frame), size if size <= _MOST_SPREAD else -1))


def _chain(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("list", (frame.module.path, at, frame))
    run.store.set((box, ANY_KEY), join(iteration.elements(run, given, at, frame) for given in arguments.args))
    return one(box)


def _namespace(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    made = Ext("types.SimpleNamespace()", None, "", (frame.module.path, at, frame))
    for name, vals in arguments.keywords.items():
        run.store.set((made, name), vals)
    return one(made)


def _default_dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    factory = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
    box = Box("dict", (frame.module.path, at, frame))
    if factory:
        run.store.set((box, attributes.FACTORY), factory)
    return one(box)


def _grouped(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "iterable") or NOTHING
    inner = iteration.elements(run, given, at, frame)
    called = frozenset(v for v in arguments.get(1, "key") or NOTHING if not isinstance(v, Const))
    key = run.call(called, Arguments([inner]), at, frame) if called else inner
    site = (frame.module.path, at, frame)
    group, pair, outer = Box("list", (*site, "group")), Box("tuple", (*site, "pair"), 2), Box("list", site)
    run.store.set((group, ANY_KEY), inner)
    run.store.set((pair, 0), key)
    run.store.set((pair, 1), one(group))
    run.store.set((pair, "<keys>"), frozenset({Const(0, "int"), Const(1, "int")}))
    run.store.set((outer, ANY_KEY), one(pair))
    return one(outer)


def box_method(run: Interpreter, box: Box, name: str, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """Call a method of a list, tuple, set or dict."""
    first = arguments.get(0, None) or NOTHING
    store = run.store
    match name:
        case "append" | "add" | "appendleft" | "put" | "put_nowait":
            store.add((box, ANY_KEY), first)
            return NONE
        case "extend" | "update":
            for value in first:
                if isinstance(value, Box):
                    for key in attributes.box_keys(run, value):
                        held = store.get((value, key)) or NOTHING
                        if box.kind == "dict":
                            attributes.box_put(run, box, one(attributes.of_key(key)), held)
                        else:
                            store.add((box, ANY_KEY), held)
                    store.add((box, ANY_KEY), store.get((value, ANY_KEY)) or NOTHING)
                else:
                    with_flow = iteration.elements(run, one(value), at, frame)
                    store.add((box, ANY_KEY), with_flow)
            for key, vals in arguments.keywords.items():
                attributes.box_put(run, box, one(Const(key, "str")), vals)
            return NONE
        case "insert":
            store.add((box, ANY_KEY), arguments.get(1, None) or NOTHING)
            return NONE
        case "get" | "pop" | "setdefault":
            default = arguments.get(1, None)
            if name == "setdefault" and default is not None:
                store.add((box, ANY_KEY), default)
            if box.kind == "dict":
                found = attributes.box_item(run, box, first)
                missing = any(isinstance(v, Unknown) for v in found)
                if name == "get" and not missing and len(first) == 1 and isinstance(next(iter(first)), Const):
                    return found
                return join((found, default if default is not None else (NONE if name == "get" else NOTHING)))
            if name == "pop":
                run.may_raise(at)
            return attributes.box_values(run, box) or unknown("element of a container that is not known")
        case "values" | "copy" | "union":
            same = Box(box.kind if name != "values" else "list", (frame.module.path, at, frame))
            store.set((same, ANY_KEY), attributes.box_values(run, box))
            return one(same)
        case "items":
            inner = Box("tuple", (frame.module.path, at, frame, "item"), 2)
            store.set((inner, 0), attributes.dict_keys(run, box))
            store.set((inner, 1), attributes.box_values(run, box) or unknown("item of a dict"))
            outer = Box("list", (frame.module.path, at, frame))
            store.set((outer, ANY_KEY), one(inner))
            return one(outer)
        case "keys":
            return one(box)
        case "sort":
            _key(run, arguments, one(box), at, frame)
            return NONE
        case "index" | "remove":
            run.may_raise(at)
            return unknown("result of a container's method")
    return unknown("result of a container's method")


HANDLERS: dict[str, Handler] = {
    "list": _collect("list"),
    "tuple": _collect("tuple"),
    "set": _collect("set"),
    "frozenset": _collect("set"),
    "sorted": _collect("list"),
    "any": _consume,
    "all": _consume,
    "sum": _consume,
    "min": _consume,
    "max": _consume,
    "next": _next,
    "iter": _same,
    "reversed": _same,
    "enumerate": _pairs,
    "zip": _pairs,
    "map": _map("map"),
    "filter": _map("filter"),
    "itertools.starmap": _map("starmap"),
    "str().join": _join,
    "dict": _dict,
    "collections.OrderedDict": _dict,
    "types.MappingProxyType": _same,
    "types.SimpleNamespace": _namespace,
    "itertools.chain": _chain,
    "collections.defaultdict": _default_dict,
    "itertools.groupby": _grouped,
    "range": _range,
}
