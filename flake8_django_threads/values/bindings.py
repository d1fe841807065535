"""The binding table of a block: which statements give a name its value, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from flake8_django_threads.facts import records as r


class Binding(NamedTuple):
    """One way in which a name gets its value.

    ``kind``: "value" (``expr`` is it), "element" (of iterating ``expr``), "enter" (of entering ``expr``), "part"
    (of what ``whole``, one of these three, gives: at ``path``, position by position), "define", "class", "import",
    "from", "annotation" (declared, no value).
    ``certain`` is False inside a loop, a try or a case. ``tests`` are the conditions of the ``if`` statements around
    it, with the outcome that leads here; ``tried`` is the innermost ``try`` of which it stands in a handler.
    """

    kind: str
    certain: bool
    expr: r.Expr | None = None
    whole: str = "value"
    path: tuple[int, ...] = ()
    stmt: r.Stmt | None = None
    source: tuple[str, int, str] = ("", 0, "")
    tests: tuple[tuple[r.Expr, bool], ...] = ()
    tried: r.Try | None = None


class Table(NamedTuple):
    """``names`` in source order for each name; ``stars`` are the star imports, in order, and whether certain."""

    names: dict[str, list[Binding]]
    stars: list[tuple[r.ImportFrom, bool]]


Pair: TypeAlias = tuple[str, Binding]


def bindings(block: r.Block, walruses: tuple[r.Walrus, ...] = ()) -> Table:
    """List what the block binds at any depth, other scopes left out; ``walruses`` are inside its expressions."""
    table = Table({}, [])
    for name, binding in _block(block, True, table):
        table.names.setdefault(name, []).append(binding)
    for walrus in walruses:
        binding = Binding("value", False, walrus.value, stmt=r.Evaluate(walrus.at, walrus.value))
        candidates = table.names.setdefault(walrus.target.id, [])
        candidates.append(binding)
        candidates.sort(key=lambda b: b.stmt.at if b.stmt is not None else walrus.at)
    return table


def current(candidates: list[Binding], before: r.At | None = None) -> list[Binding]:
    """The bindings that may hold at the end, or at the position ``before``: from the last certain one on."""
    if before is not None:
        earlier = [b for b in candidates if b.stmt is not None and _bound_at(b) <= before[:2]]
        candidates = earlier or candidates
    last = max((i for i, b in enumerate(candidates) if is_certain(b)), default=0)
    return candidates[last:]


def is_certain(binding: Binding) -> bool:
    """Whether control surely gets to the binding, so that those before it are gone."""
    return binding.certain and not binding.tests and binding.kind != "annotation"


def _bound_at(binding: Binding) -> tuple[int, int]:
    """From where on the binding holds: a loop's or a with statement's target does inside it."""
    assert binding.stmt is not None
    at = binding.stmt.at
    return at[:2] if isinstance(binding.stmt, (r.For, r.With)) else at[2:]


def _block(block: r.Block, certain: bool, table: Table) -> Iterator[Pair]:
    for stmt in block:
        yield from _statement(stmt, certain, table)


def _statement(stmt: r.Stmt, certain: bool, table: Table) -> Iterator[Pair]:
    match stmt:
        case r.Assign():
            for target in stmt.targets:
                yield from _target(target, Binding("value", certain, stmt.value, stmt=stmt))
        case r.Annotate():
            if isinstance(stmt.target, r.Name):
                kind = "annotation" if stmt.value is None else "value"
                yield stmt.target.id, Binding(kind, certain, stmt.value or stmt.annotation, stmt=stmt)
        case r.Augment():
            if isinstance(stmt.target, r.Name):
                yield stmt.target.id, Binding("value", False, stmt.value, stmt=stmt)
        case r.Define():
            if not _accessor(stmt.function):
                yield stmt.function.name, Binding("define", certain, stmt=stmt)
        case r.DefineClass():
            yield stmt.klass.name, Binding("class", certain, stmt=stmt)
        case r.Import():
            yield stmt.name or stmt.module.partition(".")[0], Binding("import", certain, stmt=stmt)
        case r.ImportFrom():
            for name, alias in stmt.names:
                if name == "*":
                    table.stars.append((stmt, certain))
                else:
                    yield alias, Binding("from", certain, stmt=stmt, source=(stmt.module, stmt.level, name))
        case r.If():
            for taken, block in ((True, stmt.body), (False, stmt.orelse)):
                for name, binding in _block(block, certain, table):
                    yield name, binding._replace(tests=((stmt.test, taken), *binding.tests))
        case r.While():
            yield from _block(stmt.body, False, table)
            yield from _block(stmt.orelse, False, table)
        case r.For():
            yield from _target(stmt.target, Binding("element", False, stmt.iterable, stmt=stmt))
            yield from _block(stmt.body, False, table)
            yield from _block(stmt.orelse, False, table)
        case r.Try():
            yield from _block(stmt.body, False, table)
            for handler in stmt.handlers:
                for name, binding in _block(handler.body, False, table):
                    yield name, binding._replace(tried=binding.tried or stmt)
            yield from _block(stmt.orelse, False, table)
            yield from _block(stmt.final, certain, table)
        case r.With():
            for item in stmt.items:
                if item.target is not None:
                    yield from _target(item.target, Binding("enter", certain, item.manager, stmt=stmt))
            yield from _block(stmt.body, certain, table)
        case r.Match():
            for case in stmt.cases:
                yield from _block(case.body, False, table)


def _accessor(function: r.Function) -> bool:
    """A ``@name.setter`` or ``.deleter``: the name goes on to mean the property."""
    return any(isinstance(d, r.Attr) and d.name in ("setter", "deleter") for d in function.decorators)


def _target(target: r.Expr, binding: Binding) -> Iterator[Pair]:
    match target:
        case r.Name():
            yield target.id, binding
        case r.Display():
            value = binding.expr
            paired = (
                isinstance(value, r.Display)
                and binding.kind == "value"
                and len(value.items) == len(target.items)
                and not any(isinstance(item, r.Starred) for item in (*value.items, *target.items))
            )
            for index, item in enumerate(target.items):
                if paired and isinstance(value, r.Display):
                    yield from _target(item, binding._replace(expr=value.items[index]))
                else:
                    whole = binding.whole if binding.kind == "part" else binding.kind
                    part = binding._replace(kind="part", whole=whole, path=(*binding.path, index))
                    yield from _target(item, part)
        case r.Starred():
            yield from _target(target.value, binding)
