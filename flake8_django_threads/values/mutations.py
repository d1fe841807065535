"""What a module does to its own containers and objects after it has made them, in its body and in its functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name, statements, words
from flake8_django_threads.values import attributes
from flake8_django_threads.values.domain import (
    ANY_KEY,
    NOTHING,
    Box,
    ClassValue,
    Ext,
    Func,
    Vals,
    join,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

# A caller of what puts something into a container is run for no more than what it puts there.
MOST_CALLERS = 4
_DEPTH, _STEPS = 6, 10_000
_PUTTERS = frozenset({"put", "put_nowait", "append", "appendleft", "add", "insert", "setdefault"})


class _Put(NamedTuple):
    """Something that a function puts into a container, as written."""

    container: r.Expr
    value: r.Expr
    function: r.Function


class Mutations:
    """Runs what changes an object of a module in place, when the object is first read."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._mutations: dict[r.ModuleFacts, dict[str, list[r.Stmt]]] = {}
        self._put_on: dict[r.ModuleFacts, frozenset[str]] = {}
        self._puts: dict[r.ModuleFacts, list[_Put]] = {}

    def apply(self, module: r.ModuleFacts, name: str, held: Vals | None) -> None:
        """Run the top-level statements that change the object behind ``name`` in place."""
        frame = self._run.module_frame(module)
        for stmt in self._mutating(module, name):
            with self._run.detached():
                if isinstance(stmt, r.Define):
                    self._run.names.function_value(frame, stmt.function)
                elif isinstance(stmt, r.DefineClass):
                    for value in self._run.names.class_value(frame, stmt.klass):
                        if isinstance(value, ClassValue):
                            self._run.classes.prepare(value)
                else:
                    self._run.block(frame, (stmt,))

        self._fill(module, lambda expr: isinstance(expr, r.Name) and expr.id == name, held)

    def _mutating(self, module: r.ModuleFacts, name: str) -> list[r.Stmt]:
        """The top-level statements that may do so: themselves, or through a function of the module that does."""
        table = self._mutations.get(module)
        if table is None:
            table = self._mutations[module] = {}
            touched = {
                stmt.function.name: set(_roots_in(stmt.function.body))
                for stmt in module.body
                if isinstance(stmt, r.Define)
            }
            hooks = _Hooks(module)
            for stmt in module.body:
                names = set(_roots((stmt,)))
                if isinstance(stmt, r.DefineClass):
                    names |= hooks.of(stmt.klass)
                for called in _called(stmt):
                    names |= touched.get(called, set())
                for changed in names:
                    table.setdefault(changed, []).append(stmt)
        return table.get(name, [])

    def put_on(self, module: r.ModuleFacts) -> frozenset[str]:
        """The attributes to which functions of the module assign anything but a literal that is false."""
        found = self._put_on.get(module)
        if found is None:
            stmts = [stmt for function in module.functions for stmt in statements(function.body)]
            assigned = [(target, s.value) for s in stmts if isinstance(s, r.Assign) for target in s.targets]
            found = self._put_on[module] = frozenset(
                target.name
                for target, value in assigned
                if isinstance(target, r.Attr) and not (isinstance(value, r.Const) and not value.value)
            )
        return found

    def fill_attribute(self, klass: ClassValue, name: str, values: Vals) -> None:
        """Put into the containers behind ``self.name`` what the methods of the class put there."""
        for candidate in self._run.classes.mro(klass):
            if isinstance(candidate, ClassValue):
                functions = set(candidate.fact.functions.values())
                self._fill(
                    candidate.module,
                    lambda expr: isinstance(expr, r.Attr) and expr.name == name and isinstance(expr.base, r.Name),
                    values,
                    functions,
                    klass,
                )

    def _fill(
        self,
        module: r.ModuleFacts,
        is_container: Callable[[r.Expr], bool],
        values: Vals | None,
        functions: set[r.Function] | None = None,
        klass: ClassValue | None = None,
    ) -> None:
        """Add what is put into a container by any function of the module, in no particular order."""
        containers = [v for v in values or () if isinstance(v, (Box, Ext))]
        if not containers:
            return
        for container_expr, put_expr, scope in self._all_puts(module):
            if not is_container(container_expr) or (functions is not None and scope not in functions):
                continue
            if scope.name == "__init_subclass__":
                continue  # The classes below hand themselves over when they are prepared, and only they.
            owner = klass
            if owner is None and isinstance(scope.owner, r.ClassFact):
                owner = ClassValue(scope.owner, module)
            if self._given(module, scope, put_expr, klass):
                continue
            frame = attributes.symbolic_frame(self._run, Func(scope, module, None, owner))
            with self._run.detached():
                put = self._run.evaluate(frame, put_expr)
            for container in containers:
                cell = (container, ANY_KEY)
                self._run.store.base[cell] = join((self._run.store.base.get(cell, NOTHING), put))

    def _all_puts(self, module: r.ModuleFacts) -> list[_Put]:
        """What the functions of a module put into something, by a method or under a key."""
        found = self._puts.get(module)
        if found is None:
            found = self._puts[module] = [
                _Put(call.func.base, call.args[-1], scope)
                for call, scope in module.calls
                if isinstance(call.func, r.Attr)
                and call.func.name in _PUTTERS
                and call.args
                and isinstance(scope, r.Function)
            ]
            found += [
                _Put(target.base, stmt.value, function)
                for function in module.functions
                for stmt in statements(function.body)
                if isinstance(stmt, r.Assign)
                for target in stmt.targets
                if isinstance(target, r.Index)
            ]
        return found

    def _given(self, module: r.ModuleFacts, putter: r.Function, put: r.Expr, klass: ClassValue | None) -> bool:
        """Where a function puts what it is given, run those of its module that call it; whether there are any."""
        itself = putter.parameters[:1] if isinstance(putter.owner, r.ClassFact) else ()  # Given by nobody.
        parameters = {parameter.name for parameter in putter.parameters if parameter not in itself}
        if parameters.isdisjoint(words(put)):
            return False
        callers = [
            scope
            for call, scope in module.calls
            if last_name(call.func) == putter.name and isinstance(scope, r.Function) and scope is not putter
        ]
        for caller in dict.fromkeys(callers[:MOST_CALLERS]):
            owner = caller.owner
            if not isinstance(owner, r.Function):
                own = ClassValue(owner, module) if isinstance(owner, r.ClassFact) else None
                if own is not None and klass is not None and own in self._run.classes.mro(klass):
                    own = klass
                self._run_caller(Func(caller, module, None, own))
        return bool(callers)

    def _run_caller(self, func: Func) -> None:
        from flake8_django_threads.values.interpreter import Exhausted

        run = self._run
        frame = attributes.symbolic_frame(run, func)
        bound = {parameter.name: run.names.parameter(frame, parameter) for parameter in func.function.parameters}
        with (
            run.within(_DEPTH, _STEPS),
            run.detached(lambda owner: isinstance(owner, (Box, Ext))),
            suppress(Exhausted, RecursionError),
        ):
            run.run_function(func, bound, func.function.at)


class _Hooks:
    """The names that making a class changes: through ``__init_subclass__`` of a base, or through its metaclass."""

    def __init__(self, module: r.ModuleFacts) -> None:
        self._classes = {stmt.klass.name: stmt.klass for stmt in module.body if isinstance(stmt, r.DefineClass)}

    def of(self, klass: r.ClassFact) -> set[str]:
        """What making ``klass`` changes."""
        found: set[str] = set()
        waiting, seen = [klass], {klass.name}
        while waiting:
            current = waiting.pop()
            if current is not klass:
                found |= _roots_of(current, "__init_subclass__")
            for keyword in current.keywords:
                meta = self._classes.get(last_name(keyword.value)) if keyword.name == "metaclass" else None
                if meta is not None:
                    found |= _roots_of(meta, "__new__") | _roots_of(meta, "__init__")
            for base in map(last_name, current.bases):
                if base in self._classes and base not in seen:
                    seen.add(base)
                    waiting.append(self._classes[base])
        return found


def _roots_of(klass: r.ClassFact, method: str) -> set[str]:
    function = klass.functions.get(method)
    return set(_roots_in(function.body)) if function is not None else set()


def _roots(block: r.Block) -> Iterator[str]:
    """The names whose objects the statements change in place."""
    for stmt in block:
        match stmt:
            case r.Assign():
                yield from filter(None, (_root(t) for t in stmt.targets if isinstance(t, (r.Index, r.Attr))))
            case r.Augment():
                yield from filter(None, (_root(stmt.target),))
            case r.Evaluate():
                call = stmt.value
                if isinstance(call, r.Call) and isinstance(call.func, r.Attr):
                    yield from filter(None, (_root(call.func.base),))
            case r.Define():
                for mark in stmt.function.decorators:
                    given = mark.args if isinstance(mark, r.Call) else ()
                    parts = (p for a in given for p in (a.items if isinstance(a, r.Display) else (a,)))
                    named = (mark.func if isinstance(mark, r.Call) else mark, *parts)
                    yield from filter(None, map(_root, named))
            case r.For() | r.If():
                yield from _roots(stmt.body)


def _roots_in(block: r.Block) -> Iterator[str]:
    """The same of a function's body, its inner functions' included."""
    yield from _roots(block)
    for stmt in block:
        if isinstance(stmt, r.Define):
            yield from _roots_in(stmt.function.body)
        elif isinstance(stmt, (r.If, r.For, r.With, r.While)):
            yield from _roots_in(stmt.body)


def _called(stmt: r.Stmt) -> Iterator[str]:
    """The plain names that a top-level statement calls, as a decorator or by itself."""
    marks: tuple[r.Expr, ...] = ()
    if isinstance(stmt, r.Define):
        marks = stmt.function.decorators
    elif isinstance(stmt, r.DefineClass):
        marks = stmt.klass.decorators
    elif isinstance(stmt, r.Evaluate):
        marks = (stmt.value,)
    for mark in marks:
        name = mark.func if isinstance(mark, r.Call) else mark
        if isinstance(name, r.Name):
            yield name.id


def _root(expr: r.Expr) -> str | None:
    while isinstance(expr, (r.Attr, r.Index)):
        expr = expr.base
    return expr.id if isinstance(expr, r.Name) else None
