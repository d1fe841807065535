"""What a module of settings leaves in its names, as far as literals, branches and star imports tell; nothing is run.

A value is a frozenset of the literals that it may be, a ``Table``, a ``Module``, or UNKNOWN. What a
deployment decides (``env("X", default=60)``) counts as what it is where the deployment says nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from flake8_django_threads.facts import records as r

UNKNOWN: Final = None
ABSENT: Final = "<absent>"
_CASTS: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str}
_READERS = frozenset({"get", "getenv", "int", "float", "str"})


class Module(NamedTuple):
    """Another module of the project."""

    names: Names


@dataclass
class Table:
    """A dict; ``is_open`` says that a key that is not in ``items`` may be there all the same."""

    items: dict[str, Value] = field(default_factory=dict)
    is_open: bool = False

    def get(self, key: str) -> Value:
        """The value of a key; ``{ABSENT}`` where there surely is none."""
        return self.items.get(key, UNKNOWN if self.is_open else frozenset({ABSENT}))

    def spoil(self) -> None:
        """Forget all: something unknown may have changed it."""
        self.items.clear()
        self.is_open = True

    def update(self, other: Value) -> None:
        """Take over the items of another table."""
        if not isinstance(other, Table):
            self.spoil()
            return
        if other.is_open:
            known = dict(other.items)
            self.spoil()
            self.items.update(known)
        else:
            self.items.update(other.items)


Value: TypeAlias = "frozenset[object] | Table | Module | None"
Names: TypeAlias = dict[str, Value]
# The names of the module that an import (dotted name, level) leads to; None for one beyond the project.
Importer: TypeAlias = Callable[[str, int], Names | None]


class Reader:
    """Reads one module's body into ``names``."""

    def __init__(self, find: Importer) -> None:
        self._find = find
        self.names: Names = {}

    def block(self, block: r.Block) -> None:
        """Read statements in their order."""
        for stmt in block:
            self._statement(stmt)

    def _statement(self, stmt: r.Stmt) -> None:
        match stmt:
            case r.Assign():
                value = self._value(stmt.value)
                for target in stmt.targets:
                    self._store(target, value)
            case r.Annotate():
                if stmt.value is not None:
                    self._store(stmt.target, self._value(stmt.value))
            case r.Augment():
                table = self._value(stmt.target)
                if isinstance(table, Table) and stmt.op.strip("_") in ("or", "ior"):
                    table.update(self._value(stmt.value))
                else:
                    self._store(stmt.target, UNKNOWN)
            case r.If():
                self._either([stmt.body, stmt.orelse])
            case r.Try():
                handlers = [handler.body for handler in stmt.handlers]
                self._either([(*stmt.body, *stmt.orelse), *handlers], guarded=True)
                self.block(stmt.final)
            case r.With():
                self.block(stmt.body)
            case r.ImportFrom():
                self._import(stmt)
            case r.Evaluate():
                self._value(stmt.value)
            case r.Delete() | r.For() | r.While() | r.Match():
                for name in _named(stmt):
                    self._spoil(name)

    def _either(self, blocks: list[r.Block], guarded: bool = False) -> None:
        before, ends = self.names, []
        for block in blocks:
            self.names = copy.deepcopy(before)
            if guarded and block is blocks[0]:
                block = tuple(stmt for stmt in block if not self._is_missing(stmt))
            self.block(block)
            ends.append(self.names)
        self.names = {
            name: _joined([end.get(name, UNKNOWN) for end in ends])
            for name in dict.fromkeys(n for e in ends for n in e)
        }

    def _is_missing(self, stmt: r.Stmt) -> bool:
        """A star import, under ``try``, of a module that is not there: a deployment may add it."""
        return isinstance(stmt, r.ImportFrom) and self._find(stmt.module, stmt.level) is None

    def _import(self, stmt: r.ImportFrom) -> None:
        found = self._find(stmt.module, stmt.level)
        for name, alias in stmt.names:
            if name == "*":
                if found is None:
                    self.names.clear()
                else:
                    self.names.update(copy.deepcopy(found))
            elif found is not None and name in found:
                self.names[alias] = copy.deepcopy(found[name])
            elif name == "DEFAULT_DB_ALIAS":
                self.names[alias] = frozenset({"default"})
            else:
                inner = self._find(f"{stmt.module}.{name}" if stmt.module else name, stmt.level)
                self.names[alias] = Module(inner) if inner is not None else UNKNOWN

    def _store(self, target: r.Expr, value: Value) -> None:
        match target:
            case r.Name():
                self.names[target.id] = value
            case r.Index():
                table, key = self._value(target.base), _single(self._value(target.key))
                if isinstance(table, Table) and isinstance(key, str):
                    table.items[key] = value
                elif isinstance(table, Table):
                    table.spoil()
            case _:
                for name in _named(target):
                    self._spoil(name)

    def _spoil(self, name: str) -> None:
        held = self.names.get(name)
        if isinstance(held, Table):
            held.spoil()
        self.names[name] = UNKNOWN

    def _value(self, expr: r.Expr) -> Value:
        match expr:
            case r.Const():
                return frozenset({expr.value})
            case r.Name():
                return self.names.get(expr.id, UNKNOWN)
            case r.DictDisplay():
                return self._display(expr)
            case r.Index():
                base, key = self._value(expr.base), _single(self._value(expr.key))
                return base.get(key) if isinstance(base, Table) and isinstance(key, str) else UNKNOWN
            case r.Attr():
                base = self._value(expr.base)
                return copy.deepcopy(base.names.get(expr.name)) if isinstance(base, Module) else UNKNOWN
            case r.IfExpr():
                return _joined([self._value(expr.body), self._value(expr.orelse)])
            case r.BoolOp() if expr.op == "or":
                known = [
                    value for operand in expr.operands[:-1] if isinstance(value := self._value(operand), frozenset)
                ]
                true = frozenset(literal for value in known for literal in value if literal)
                final = self._value(expr.operands[-1])
                return final | true if isinstance(final, frozenset) else final
            case r.Operation():
                return self._operation(expr)
            case r.Call():
                return self._call(expr)
        return UNKNOWN

    def _display(self, expr: r.DictDisplay) -> Table:
        table = Table()
        for key, value in expr.items:
            literal = _single(self._value(key)) if key is not None else None
            if key is None:
                table.update(copy.deepcopy(self._value(value)))
            elif isinstance(literal, str):
                table.items[literal] = self._value(value)
            elif literal is None:
                table.spoil()
        return table

    def _operation(self, expr: r.Operation) -> Value:
        values = [self._value(operand) for operand in expr.operands]
        op = expr.op.strip("_")
        if len(values) == 2:
            left, right = values
            if op == "or" and isinstance(left, Table):
                merged = copy.deepcopy(left)
                merged.update(right)
                return merged
            one, other = _single(left), _single(right)
            if isinstance(one, int) and isinstance(other, int) and op in ("add", "mul"):
                return frozenset({one + other if op == "add" else one * other})
        return UNKNOWN

    def _call(self, expr: r.Call) -> Value:
        keywords = {keyword.name: keyword.value for keyword in expr.keywords}
        last = (
            expr.func.id if isinstance(expr.func, r.Name) else expr.func.name if isinstance(expr.func, r.Attr) else ""
        )
        base = self._value(expr.func.base) if isinstance(expr.func, r.Attr) else UNKNOWN
        if isinstance(base, Table):
            return self._method(base, last, expr)
        if isinstance(expr.func, r.Name) and last == "dict":
            table = Table()
            for given in expr.args:
                table.update(copy.deepcopy(self._value(given)))
            self._add(table, expr)
            return table
        if isinstance(expr.func, r.Name) and last in _CASTS and len(expr.args) == 1:
            return _cast(_CASTS[last], self._value(expr.args[0]))
        if last in ("copy", "deepcopy") and len(expr.args) == 1:
            return copy.deepcopy(self._value(expr.args[0]))
        if "conn_max_age" in keywords:
            return Table({"CONN_MAX_AGE": self._value(keywords["conn_max_age"])}, is_open=True)
        if "default" in keywords:
            return self._value(keywords["default"])
        if last in _READERS and len(expr.args) == 2:
            return self._value(expr.args[1])
        for name in _named((expr.args, expr.keywords)):
            self._spoil(name)
        return Table(is_open=True)  # it may be anything, and a key that is set later is known all the same

    def _method(self, table: Table, name: str, expr: r.Call) -> Value:
        key = _single(self._value(expr.args[0])) if expr.args else None
        other = self._value(expr.args[1]) if len(expr.args) > 1 else frozenset({None})
        if name == "update" and len(expr.args) <= 1:
            for given in expr.args:
                table.update(copy.deepcopy(self._value(given)))
            self._add(table, expr)
        elif name == "copy":
            return copy.deepcopy(table)
        elif name == "get" and isinstance(key, str):
            held = table.get(key)
            return other if held == frozenset({ABSENT}) else held
        elif name == "setdefault" and isinstance(key, str):
            if table.get(key) == frozenset({ABSENT}):
                table.items[key] = other
            return table.get(key)
        elif name == "pop" and isinstance(key, str):
            held = table.get(key)
            table.items[key] = frozenset({ABSENT})
            return held
        elif name not in ("items", "keys", "values"):
            table.spoil()
        return UNKNOWN

    def _add(self, table: Table, expr: r.Call) -> None:
        for keyword in expr.keywords:
            if keyword.name is None:
                table.update(copy.deepcopy(self._value(keyword.value)))
            else:
                table.items[keyword.name] = self._value(keyword.value)


def _single(value: Value) -> object:
    """The one literal that a value is; None where it is open, or None itself."""
    return next(iter(value)) if isinstance(value, frozenset) and len(value) == 1 else None


def _cast(cast: Callable[[Any], Any], value: Value) -> Value:
    if not isinstance(value, frozenset):
        return UNKNOWN
    try:
        return frozenset(cast(literal) for literal in value)
    except (TypeError, ValueError):
        return UNKNOWN


def _joined(values: list[Value]) -> Value:
    """What is one of these, one does not know which."""
    first = values[0]
    if all(isinstance(value, frozenset) for value in values):
        return frozenset[object]().union(*(value for value in values if isinstance(value, frozenset)))
    tables = [value for value in values if isinstance(value, Table)]
    if len(tables) == len(values):
        keys = dict.fromkeys(key for table in tables for key in table.items)
        return Table(
            {key: _joined([table.get(key) for table in tables]) for key in keys}, any(t.is_open for t in tables)
        )
    return first if all(value == first for value in values) else UNKNOWN


def _named(node: object) -> Iterator[str]:
    """Every name that stands below a node."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, r.Name):
            yield current.id
        elif isinstance(current, tuple):
            stack.extend(current)
