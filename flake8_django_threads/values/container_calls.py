"""Calls that make, fill, change and consume containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.values import (
    attributes,
    boxes,
    comprehensions,
    conditions,
    flow,
    iteration,
    operations,
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
    Vals,
    Value,
    const,
    join,
    literal,
    one,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.handlers import Handler
    from flake8_django_threads.values.interpreter import Interpreter

_ITERATOR = "iterator"
_MOST_SPREAD = 100  # elements told apart where a range is spread into arguments


def _collect(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        given = arguments.get(0, None)
        site = run.site(frame, at)
        if given is None:
            return one(boxes.make(run, kind, site, ()))
        parts, is_whole = iteration.collect(run, given, at, frame)
        if kind == "set":
            for value in attributes.ordered(join(parts)):
                attributes.dunder(run, value, "__hash__", (), at, frame)
        elif is_whole:
            return one(boxes.make(run, kind, site, parts))
        size = boxes.length(run, *given) if len(given) == 1 and isinstance(next(iter(given)), Box) else -1  # type: ignore[arg-type]
        box = Box(kind, site, size)
        run.store.add((box, ANY_KEY), join(parts))
        return one(box)

    return handle


def _sorted(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    parts, is_whole = iteration.collect(run, given, at, frame)
    compare(run, arguments, parts, is_whole, "__lt__", at, frame)
    box = Box("list", run.site(frame, at), len(parts) if is_whole else -1)
    run.store.add((box, ANY_KEY), join(parts))
    return one(box)


def compare(
    run: Interpreter, arguments: Arguments, parts: list[Vals], is_whole: bool, name: str, at: r.At, frame: Frame
) -> None:
    """What putting elements into order does: the ``key`` on each of them, or their own comparison."""
    compared = parts
    key = arguments.keywords.get("key")
    called = frozenset(v for v in key or NOTHING if not isinstance(v, Const))
    if called:
        compared = [run.call(called, Arguments([part]), at, frame) for part in parts]
    if is_whole and len(parts) < 2:
        return
    for part in compared:
        for value in attributes.ordered(part):
            if attributes.dunder(run, value, name, (join(compared),), at, frame) is not None:
                return


def _until(ending: bool) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        """``any`` and ``all`` take elements up to the first that decides."""
        given = arguments.get(0, None) or NOTHING
        known = iteration.turns(run, given, at, frame)
        if known is None:
            conditions.use_as_bool(run, frame, iteration.elements(run, given, at, frame), at)
            return unknown("truth of elements")
        answers: list[bool | None] = []

        def use(part: Vals) -> bool:
            by_itself = conditions.use_as_bool(run, frame, part, at)
            answers.append(truth(part) if all(isinstance(v, Const) for v in part) else by_itself)
            return True

        for turn in known.items:
            turn(use)
            if known.exact and answers[-1:] == [ending]:
                return const(ending)
        decided = known.exact and all(answer is (not ending) for answer in answers)
        return const(not ending) if decided else unknown("truth of elements")

    return handle


def _sum(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    parts, is_whole = iteration.collect(run, arguments.get(0, None) or NOTHING, at, frame)
    total = arguments.get(1, "start") or one(Const(0, "int"))
    for part in parts if is_whole else parts * 2:
        added = operations.operated(run, "add", total, part, at, frame)
        total = added if is_whole else join((total, added))
    return total


def _extreme(name: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        """``min`` and ``max``: one of the elements, or of the arguments."""
        if len(arguments.args) == 1 and not arguments.more:
            parts, is_whole = iteration.collect(run, arguments.args[0], at, frame)
        else:
            parts, is_whole = [*arguments.args, *filter(None, [arguments.more])], not arguments.more
        compare(run, arguments, parts, is_whole, name, at, frame)
        if is_whole and parts:
            return join(parts)
        return join((*parts, arguments.keywords.get("default", NOTHING))) or unknown("element")

    return handle


def _next(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, None) or NOTHING
    default = arguments.get(1, None)
    owned.begin(run, given)
    found: list[Vals] = []
    for value in attributes.ordered(given):
        stepped = attributes.dunder(run, value, "__next__", (), at, frame)
        if stepped is not None:
            found.append(stepped)
        elif isinstance(value, Box) and is_iterator(value):
            found.append(_take_next(run, value, default, at))
        elif isinstance(value, Lazy) and _is_written_here(arguments):
            found.append(_first(run, value, default, at, frame))
        else:
            found += [iteration.elements(run, one(value), at, frame), default or NOTHING]
    return join(found)


def is_iterator(box: Box) -> bool:
    """Whether a container stands for an iterator over what it holds: taking an element takes it away."""
    return isinstance(box.site, tuple) and box.site[:1] == (_ITERATOR,)


def _take_next(run: Interpreter, box: Box, default: Vals | None, at: r.At) -> Vals:
    left = boxes.length(run, box)
    if left > 0:
        return boxes.take(run, box, one(Const(0, "int"))) or NOTHING
    if left == 0 and default is None:
        run.emit(flow.Raise(at, ("StopIteration", "Exception", "BaseException")))
        return NOTHING
    if left == 0:
        return default or NOTHING
    if default is None:
        run.may_raise(at)
    return join((boxes.values(run, box), default or NOTHING)) or unknown("element")


def _is_written_here(arguments: Arguments) -> bool:
    """Whether the argument is a generator expression in the call itself, of which this is the first element."""
    node = arguments.node
    return node is not None and bool(node.args) and isinstance(node.args[0], r.Comprehension)


def _first(run: Interpreter, lazy: Lazy, default: Vals | None, at: r.At, frame: Frame) -> Vals:
    """The first element of a generator expression, or the default."""
    known = iteration.turns(run, one(lazy), at, frame)
    if known is None:
        return join((comprehensions.consume(run, lazy), default or NOTHING))
    found: list[Vals] = []
    took = [False]

    def use(part: Vals) -> bool:
        found.append(part)
        took[0] = True
        return True

    for turn in known.items:
        known.exact, took[0] = True, False
        turn(use)
        if took[0] and known.exact:
            return join(found)
    if default is None:
        run.may_raise(at)
    return join((*found, default or NOTHING))


def _iterator(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``iter``: its elements are taken one by one; with a function, what that gives."""
    if len(arguments.args) == 2:
        box = Box("list", run.site(frame, at))
        function = frozenset(v for v in arguments.args[0] if not isinstance(v, Const))
        run.store.set((box, ANY_KEY), run.call(function, Arguments(), at, frame) if function else unknown("iterator"))
        return one(box)
    given = arguments.get(0, None) or unknown("iterator")
    found: set[Value] = set()
    for value in attributes.ordered(given):
        made = attributes.dunder(run, value, "__iter__", (), at, frame) if isinstance(value, Instance) else None
        if made is not None:
            found |= made
        elif isinstance(value, Box) and not is_iterator(value):
            found.add(boxes.copy(run, value, "list", (_ITERATOR, *run.site(frame, at))))
        else:
            found.add(value)
    return frozenset(found)


def _reversed(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    found: set[Value] = set()
    for value in attributes.ordered(arguments.get(0, None) or unknown("iterator")):
        own = attributes.dunder(run, value, "__reversed__", (), at, frame)
        if own is not None:
            found |= own
        elif isinstance(value, Box):
            site = (_ITERATOR, *run.site(frame, at))
            parts = boxes.parts(run, value)
            found.add(
                boxes.copy(run, value, "list", site) if parts is None else boxes.make(run, "list", site, parts[::-1])
            )
        else:
            found.add(value)
    return frozenset(found)


def _same(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return arguments.get(0, None) or unknown("iterator")


def _enumerated(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    parts, is_whole = iteration.collect(run, arguments.get(0, "iterable") or NOTHING, at, frame)
    start = literal(arguments.get(1, "start") or one(Const(0, "int")))
    if is_whole and isinstance(start, int):
        numbers: list[Vals] = [one(Const(start + index, "int")) for index in range(len(parts))]
        return rows(run, [numbers, parts], run.site(frame, at))
    return loose_rows(run, [unknown("number"), join(parts)], run.site(frame, at))


def _zipped(longest: bool) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        collected = [iteration.collect(run, given, at, frame) for given in arguments.args]
        site = run.site(frame, at)
        if longest and collected:
            most, filler = max(len(parts) for parts, _ in collected), arguments.keywords.get("fillvalue", NONE)
            collected = [([*parts, *[filler] * (most - len(parts))], is_whole) for parts, is_whole in collected]
        if collected and not arguments.more and all(is_whole for _, is_whole in collected):
            return rows(run, [parts for parts, _ in collected], site)
        return loose_rows(run, [join(parts) for parts, _ in collected], site)

    return handle


def rows(run: Interpreter, columns: list[list[Vals]], site: tuple[object, ...]) -> Vals:
    """The list of tuples whose columns are these."""
    made: list[Vals] = [
        one(boxes.make(run, "tuple", (*site, "row", index), row))
        for index, row in enumerate(zip(*columns, strict=False))
    ]
    return one(boxes.make(run, "list", (_ITERATOR, *site), made))


def loose_rows(run: Interpreter, columns: list[Vals], site: tuple[object, ...]) -> Vals:
    """The same where only what each column may hold is known."""
    row = boxes.make(run, "tuple", (*site, "row"), columns)
    box = Box("list", (_ITERATOR, *site))
    run.store.add((box, ANY_KEY), one(row))
    return one(box)


def _map(kind: str) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        function = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
        return one(Mapped(kind, function, tuple(arguments.args[1:])))

    return handle


def _join(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    iteration.elements(run, arguments.get(0, None) or unknown("text"), at, frame)
    return one(Ext("str().join()"))


def _dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("dict", run.site(frame, at))
    if boxes.is_new(run, box):
        boxes.clear(run, box)
    update_dict(run, box, arguments, at, frame)
    return one(box)


def fill(run: Interpreter, box: Box, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Give a new object of a container's subclass the items that it is made from."""
    boxes.clear(run, box)
    if box.kind == "dict":
        update_dict(run, box, arguments, at, frame)
        return
    for given in arguments.args[:1]:
        parts, is_whole = iteration.collect(run, given, at, frame)
        boxes.extend(run, box, parts if is_whole else None, join(parts))


def update_dict(run: Interpreter, box: Box, arguments: Arguments, at: r.At, frame: Frame) -> None:
    """Put into a dict what its constructor, or ``update``, is given: another dict, pairs, keywords."""
    for given in arguments.args[:1]:
        for value in attributes.ordered(given):
            if isinstance(value, Box) and value.kind == "dict":
                boxes.update(run, box, value)
                continue
            pairs, is_whole = iteration.collect(run, one(value), at, frame)
            for pair in pairs:
                for each in attributes.ordered(pair):
                    if isinstance(each, Box):
                        key, held = (boxes.get(run, each, one(Const(place, "int"))) for place in (0, 1))
                        if len(pair) > 1 or not is_whole:
                            held = join((held, boxes.get(run, box, key))) if boxes.holds(run, box, key) else held
                        boxes.put(run, box, key, held)
                    else:
                        run.store.add((box, ANY_KEY), unknown("item of something unknown"))
    for name, vals in arguments.keywords.items():
        boxes.put(run, box, one(Const(name, "str")), vals)
    if arguments.more_keywords:
        run.store.add((box, ANY_KEY), arguments.more_keywords)


def _from_keys(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("dict", run.site(frame, at))
    if boxes.is_new(run, box):
        boxes.clear(run, box)
    for key in iteration.collect(run, arguments.get(0, None) or NOTHING, at, frame)[0]:
        boxes.put(run, box, key, arguments.get(1, None) or NONE)
    return one(box)


def _chained_maps(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``ChainMap``: as one dict in which the first map wins; what is changed in them later is not seen."""
    box = Box("dict", run.site(frame, at))
    if boxes.is_new(run, box):
        boxes.clear(run, box)
    for given in reversed(arguments.args):
        for value in attributes.ordered(given):
            if isinstance(value, Box):
                boxes.update(run, box, value)
            else:
                run.store.add((box, ANY_KEY), unknown("item of something unknown"))
    return one(box)


def _range(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    numbers = [value for value in map(literal, arguments.args) if isinstance(value, int)]
    site = run.site(frame, at)
    try:
        known = range(*numbers) if len(numbers) == len(arguments.args) and not arguments.more else None
        if known is not None and len(known) <= _MOST_SPREAD:
            return one(boxes.make(run, "range", site, [one(Const(number, "int")) for number in known]))
    except (ValueError, OverflowError, TypeError):
        pass
    box = Box("range", site)
    run.store.add((box, ANY_KEY), unknown("number"))
    return one(box)


def _chain(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    return _concatenated(run, [*arguments.args, *filter(None, [arguments.more])], not arguments.more, at, frame)


def _chained(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``chain.from_iterable``."""
    given, is_whole = iteration.collect(run, arguments.get(0, None) or NOTHING, at, frame)
    return _concatenated(run, given, is_whole, at, frame)


def _concatenated(run: Interpreter, given: list[Vals], is_whole: bool, at: r.At, frame: Frame) -> Vals:
    site = (_ITERATOR, *run.site(frame, at))
    parts: list[Vals] = []
    for vals in given:
        more, is_sure = iteration.collect(run, vals, at, frame)
        parts += more
        is_whole = is_whole and is_sure
    if is_whole:
        return one(boxes.make(run, "list", site, parts))
    box = Box("list", site)
    run.store.add((box, ANY_KEY), join(parts))
    return one(box)


def _product(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    """``product`` and its like: tuples of what the arguments hold, in no particular order."""
    columns = [join(iteration.collect(run, given, at, frame)[0]) for given in arguments.args]
    size = literal(arguments.get(1, "r") or NOTHING)
    if len(arguments.args) == 2 and isinstance(size, int) and all(isinstance(v, Const) for v in arguments.args[1]):
        columns = columns[:1] * max(0, min(size, _MOST_SPREAD))
    return loose_rows(run, columns, run.site(frame, at))


def _islice(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    bounds = [literal(given) for given in arguments.args[1:]]
    parts, is_whole = iteration.collect(run, arguments.get(0, None) or NOTHING, at, frame)
    numbers = [bound for bound in bounds if bound is None or isinstance(bound, int)]
    site = (_ITERATOR, *run.site(frame, at))
    if is_whole and numbers and len(numbers) == len(bounds):
        return one(boxes.make(run, "list", site, parts[slice(*numbers)]))
    box = Box("list", site)
    run.store.add((box, ANY_KEY), join(parts))
    return one(box)


def _heap(takes: bool, puts: bool) -> Handler:
    def handle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        """``heapq``: items are put and taken in an order that their ``__lt__`` decides."""
        given, item = arguments.get(0, "heap") or NOTHING, arguments.get(1, "item") or NOTHING
        found: list[Vals] = []
        for heap in attributes.ordered(given):
            if isinstance(heap, Box):
                if puts:
                    run.store.add((heap, ANY_KEY), item)
                compare(run, Arguments(), [boxes.values(run, heap)], False, "__lt__", at, frame)
                found.append(boxes.values(run, heap))
                boxes.loosen(run, heap)
        run.may_raise(at)
        return (join(found) or unknown("element of a heap")) if takes else NONE

    return handle


def _repeat(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("list", (_ITERATOR, *run.site(frame, at)))
    run.store.add((box, ANY_KEY), arguments.get(0, "object") or NOTHING)
    return one(box)


def _cycle(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    box = Box("list", (_ITERATOR, *run.site(frame, at)))
    run.store.add((box, ANY_KEY), join(iteration.collect(run, arguments.get(0, None) or NOTHING, at, frame)[0]))
    return one(box)


def _namespace(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    made = Ext("types.SimpleNamespace()", None, "", run.site(frame, at))
    for name, vals in arguments.keywords.items():
        run.store.set((made, name), vals)
    return one(made)


def _default_dict(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    factory = frozenset(v for v in arguments.get(0, None) or NOTHING if not isinstance(v, Const))
    box = Box("dict", run.site(frame, at))
    if boxes.is_new(run, box):
        boxes.clear(run, box)
    if factory:
        run.store.set((box, boxes.FACTORY), factory)
    update_dict(run, box, Arguments(arguments.args[1:], dict(arguments.keywords)), at, frame)
    return one(box)


def _grouped(run: Interpreter, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
    given = arguments.get(0, "iterable") or NOTHING
    inner = iteration.elements(run, given, at, frame)
    called = frozenset(v for v in arguments.get(1, "key") or NOTHING if not isinstance(v, Const))
    key = run.call(called, Arguments([inner]), at, frame) if called else inner
    site = run.site(frame, at)
    group, pair, outer = Box("list", (*site, "group")), Box("tuple", (*site, "pair"), 2), Box("list", site)
    run.store.set((group, ANY_KEY), inner)
    boxes.fill(run, pair, [key, one(group)])
    run.store.set((outer, ANY_KEY), one(pair))
    return one(outer)


HANDLERS: dict[str, Handler] = {
    "list": _collect("list"),
    "collections.deque": _collect("list"),
    "tuple": _collect("tuple"),
    "set": _collect("set"),
    "frozenset": _collect("set"),
    "sorted": _sorted,
    "any": _until(ending=True),
    "all": _until(ending=False),
    "sum": _sum,
    "min": _extreme("__lt__"),
    "max": _extreme("__gt__"),
    "next": _next,
    "iter": _iterator,
    "reversed": _reversed,
    "enumerate": _enumerated,
    "zip": _zipped(longest=False),
    "itertools.zip_longest": _zipped(longest=True),
    "map": _map("map"),
    "filter": _map("filter"),
    "itertools.starmap": _map("starmap"),
    "itertools.takewhile": _map("some"),
    "itertools.dropwhile": _map("some"),
    "itertools.filterfalse": _map("some"),
    "str().join": _join,
    "dict": _dict,
    "dict.fromkeys": _from_keys,
    "collections.OrderedDict": _dict,
    "collections.ChainMap": _chained_maps,
    "types.MappingProxyType": _same,
    "types.SimpleNamespace": _namespace,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chained,
    "itertools.product": _product,
    "itertools.permutations": _product,
    "itertools.combinations": _product,
    "itertools.islice": _islice,
    "itertools.repeat": _repeat,
    "itertools.cycle": _cycle,
    "collections.defaultdict": _default_dict,
    "itertools.groupby": _grouped,
    "range": _range,
    "heapq.heappush": _heap(takes=False, puts=True),
    "heapq.heapify": _heap(takes=False, puts=False),
    "heapq.heappop": _heap(takes=True, puts=False),
    "heapq.heappushpop": _heap(takes=True, puts=True),
    "heapq.heapreplace": _heap(takes=True, puts=True),
}
