"""What a name means outside the running body: modules, classes, annotations, decorated definitions.

Nothing here runs a module. A name is looked up in the binding table of its block, and only the expressions that give
it its value are evaluated, once; what mutates a container at module level is run when the container is first read.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.project.classes import linearise
from flake8_django_threads.project.resolve import Place
from flake8_django_threads.values import attributes, construction, context_managers, externals, iteration, receivers
from flake8_django_threads.values.bindings import Binding, Table, bindings, current
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NOTHING,
    Arguments,
    Bound,
    Box,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    ModuleValue,
    Partial,
    Unknown,
    Vals,
    Value,
    Wrapped,
    join,
    one,
    truth,
    unknown,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_BUILTINS = frozenset(dir(builtins))
_OPTIONAL = frozenset(
    {
        "typing.Optional",
        "typing.Annotated",
        "typing.Final",
        "typing.ClassVar",
        "typing.Union",
        "typing_extensions.Annotated",
        "typing.Awaitable",
        "typing.Required",
    }
)
_SEQUENCES = frozenset(
    {
        "typing.List",
        "typing.Iterable",
        "typing.Sequence",
        "typing.Set",
        "typing.Iterator",
        "typing.Collection",
        "typing.FrozenSet",
        "typing.Deque",
        "list",
        "set",
        "tuple",
        "frozenset",
        "typing.Tuple",
        "collections.abc.Iterable",
        "collections.abc.Sequence",
        "collections.abc.Iterator",
        "collections.abc.Collection",
        "typing.Generator",
        "collections.abc.Generator",
        "collections.deque",
    }
)
_MAPPINGS = frozenset(
    {
        "typing.Dict",
        "typing.Mapping",
        "dict",
        "collections.abc.Mapping",
        "typing.DefaultDict",
        "collections.defaultdict",
        "collections.OrderedDict",
    }
)
_MODEL_OPTIONS = frozenset(
    {"app_label", "db_table", "abstract", "unique_together", "indexes", "constraints", "managed"}
)
MOST_SUBCLASSES = 12
_PUTTERS = frozenset({"put", "put_nowait", "append", "appendleft", "add", "insert", "setdefault"})
_FIELDS = frozenset({"dataclasses.dataclass", "attr.s", "attrs.define", "typing.NamedTuple"})
_ON_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_CLASSES = frozenset({"typing.Type", "type"})


class Namespaces:
    """Looks names up, on demand, and remembers."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._tables: dict[object, Table] = {}
        self._known: dict[tuple[object, str], Vals | None] = {}
        self._under_way: set[tuple[object, str]] = set()
        self._spoken_of = {row.path.partition(".")[0].removesuffix("()") for row in run.models.rows()} | _BUILTINS
        self._mutations: dict[r.ModuleFacts, dict[str, list[r.Stmt]]] = {}
        self._mros: dict[ClassValue, tuple[Value, ...]] = {}
        self._moments: dict[Frame, r.At] = {}
        self._globals: dict[r.ModuleFacts, frozenset[str]] = {}
        self._made: dict[r.ClassFact, list[Value]] = {}
        self._made_at: dict[tuple[r.ModuleFacts, r.At, str], r.ClassFact] = {}

    def table(self, scope: r.Scope) -> Table:
        """The binding table of a scope's body."""
        found = self._tables.get(scope)
        if found is None:
            found = self._tables[scope] = bindings(
                scope.body, scope.walruses if isinstance(scope, r.ModuleFacts) else ()
            )
        return found

    # Names as a running body sees them.

    def name(self, frame: Frame, name: str) -> Vals:
        """The values of a name read in ``frame``."""
        scope: Frame | None = frame
        first = True
        moment = self._moments.get(frame)
        while scope is not None:
            function = scope.function
            if function is not None:
                if name in function.local_names:
                    return self.local(scope, name)
                if name in function.global_names:
                    break
            elif scope.klass is not None:
                if first and (found := self.class_own(scope.klass, name, moment)) is not None:
                    return found
            elif (held := self._run.store.get((scope, name))) is not None:
                return held
            scope, first = scope.parent, False
        module = frame.module
        cell = (self._run.module_frame(module), name)
        held = self._run.store.written(cell)
        if held is not None or name in self._changing(module):
            self._run.store.get(cell)  # What is read may depend on what ran before: so does the running summary.
        if held is not None:
            return held
        written = self._run.store.base.get(cell)
        found = self.module_name(module, name, moment)
        if written is not None:
            return join((written, found or NOTHING))
        if found is not None:
            return found
        if name == "__name__":
            return one(Const(self._run.resolver.dotted_name(module.path), "str"))
        if name in _BUILTINS:
            return one(Ext(f"{name}"))
        return unknown("name not found")

    def local(self, frame: Frame, name: str) -> Vals:
        """A local name: its cell, or, where the body did not run so far, what its statements may give."""
        held = self._run.store.get((frame, name))
        if held is not None:
            return held
        assert frame.function is not None
        for parameter in frame.function.parameters:
            if parameter.name == name:
                return self.parameter(frame, parameter)
        if not frame.symbolic and frame.function.name != "<lambda>" and any(a.frame is frame for a in self._run.active):
            return unknown("name not bound yet")
        key = (frame, name)
        if key in self._under_way:
            return unknown("circular definition")
        self._under_way.add(key)
        try:
            candidates = self.table(frame.function).names.get(name, [])
            found = join(self._binding(frame, binding) for binding in current(candidates)) if candidates else NOTHING
        finally:
            self._under_way.discard(key)
        return found or unknown("name not bound yet")

    def parameter(self, frame: Frame, parameter: r.Parameter) -> Vals:
        """What a parameter without a known caller may be: its annotation, its default, or unknown."""
        function = frame.function
        if (
            function is not None
            and frame.klass is not None
            and parameter is function.parameters[0]
            and isinstance(function.owner, r.ClassFact)
            and not _has_decorator(function, "staticmethod")
        ):
            of_class = _has_decorator(function, "classmethod") or function.name in _ON_CLASS
            return one(frame.klass) if of_class else one(Instance(frame.klass))
        found = NOTHING
        if parameter.kind == "args" or parameter.kind == "kwargs":
            box = Box("tuple" if parameter.kind == "args" else "dict", ("parameter", frame, parameter.name))
            self._run.store.base.setdefault((box, ANY_KEY), unknown("parameter without a known caller"))
            return one(box)
        if parameter.annotation is not None:
            found = self.annotated(frame, parameter.annotation)
        if not found or all(isinstance(v, Unknown) for v in found):
            found = receivers.parameter(self._run, frame, parameter.name) or found
        if not found or all(isinstance(v, Unknown) for v in found):
            default = NOTHING
            if parameter.default is not None and not (
                isinstance(parameter.default, r.Const) and parameter.default.value is None
            ):
                default = self.default(frame, parameter)
            found = join((unknown("parameter without a known caller"), default))
        return found

    def default(self, frame: Frame, parameter: r.Parameter) -> Vals:
        """The value of a parameter's default, which may need itself."""
        assert parameter.default is not None
        key = (frame.function, f"<default>{parameter.name}")
        if key in self._under_way:
            return unknown("circular definition")
        self._under_way.add(key)
        try:
            outside = self._outside(frame)
            with self._run.detached(), self._at(outside, parameter.default.at):
                return self._run.evaluate(outside, parameter.default)
        finally:
            self._under_way.discard(key)

    def _outside(self, frame: Frame) -> Frame:
        if frame.klass is not None and frame.function is not None and isinstance(frame.function.owner, r.ClassFact):
            return self._run.class_frame(frame.klass)
        return frame.parent or self._run.module_frame(frame.module)

    # Modules.

    def hold(self, module: r.ModuleFacts, name: str) -> None:
        """A function is about to write a global name: until then, and on every other path, it holds what it held."""
        cell = (self._run.module_frame(module), name)
        if self._run.store.peek(cell) is None:
            found = self.module_name(module, name)
            if found is not None:
                self._run.store.base[cell] = found

    def _changing(self, module: r.ModuleFacts) -> frozenset[str]:
        """The global names that functions of the module write."""
        found = self._globals.get(module)
        if found is None:
            found = self._globals[module] = frozenset().union(*(f.global_names for f in module.functions))
        return found

    @contextmanager
    def _at(self, frame: Frame, at: r.At) -> Iterator[None]:
        """Read the names of a module or class body as they are at this place in it."""
        before = self._moments.get(frame)
        if frame.function is None:
            self._moments[frame] = at
        try:
            yield
        finally:
            if before is not None:
                self._moments[frame] = before
            else:
                self._moments.pop(frame, None)

    def _possible(self, frame: Frame, candidates: list[Binding]) -> list[Binding]:
        """The bindings that tests on literals, and imports that succeed, leave possible; decided tests are dropped."""
        if len(candidates) < 2 or not any(b.tests or b.tried for b in candidates):
            return candidates
        kept = []
        for binding in candidates:
            outcomes = [self._outcome(frame, test, wanted) for test, wanted in binding.tests]
            if False in outcomes or (binding.tried is not None and self._succeeds(frame, binding.tried.body)):
                continue
            kept.append(binding._replace(tests=()) if None not in outcomes else binding)
        return kept or candidates

    def _outcome(self, frame: Frame, test: r.Expr, wanted: bool) -> bool | None:
        """Whether a test surely has (True), or has not, the outcome that is wanted."""
        if _last(test) == "TYPE_CHECKING":
            return None  # An annotation means the one arm, a call the other.
        key = (frame, f"<test>{test.at}")
        if key in self._under_way:
            return None
        self._under_way.add(key)
        try:
            with self._run.detached(), self._at(frame, test.at):
                vals = self._run.evaluate(frame, test)
        finally:
            self._under_way.discard(key)
        answer = truth(vals) if all(isinstance(v, Const) for v in vals) else None
        return None if answer is None else answer == wanted

    def _succeeds(self, frame: Frame, block: r.Block) -> bool:
        """Whether a ``try`` only imports what the project has."""
        for stmt in block:
            if not isinstance(stmt, (r.Import, r.ImportFrom)):
                return False
            level, asked = (0, ()) if isinstance(stmt, r.Import) else (stmt.level, stmt.names)
            place = self._run.resolver.module(stmt.module, level, frame.module.path)
            if place is None:
                return False
            for name, _ in asked:
                found = self.member(ModuleValue(place.path, place.folders), name)
                if name == "*" or all(isinstance(v, Unknown) for v in found):
                    return False
        return True

    def module_name(self, module: r.ModuleFacts, name: str, before: r.At | None = None) -> Vals | None:
        """What a module's global name holds in the end, or at a place in its body; None if it does not bind it."""
        if before is not None:
            candidates = self.table(module).names.get(name, [])
            if len(candidates) > 1 and current(candidates, before) != current(candidates):
                return self._earlier(self._run.module_frame(module), (module, name), candidates, before)
        key = (module, name)
        if key in self._known:
            return self._known[key]
        if (taught := self._taught(module, name)) is not None:
            return taught
        if key in self._under_way:
            return unknown("import cycle")
        self._under_way.add(key)
        try:
            found = self._module_name(module, name)
        finally:
            self._under_way.discard(key)
        self._known[key] = found
        if found is not None and any(
            isinstance(v, (Box, Instance, ClassValue, Func))
            or (isinstance(v, Wrapped) and v.wrapper == DISPATCH)
            or (isinstance(v, Ext) and v.path.endswith(("Queue()", ".Signal()")))
            for v in found
        ):
            self._run_mutations(module, name)
        return found

    def _taught(self, module: r.ModuleFacts, name: str) -> Vals | None:
        """What a row of the user's own says of a definition in the project: no more than its path, as of a library.

        A class keeps its body: rows may only add to its bases.
        """
        taught = self._run.models.taught
        if not taught or not any(path.endswith(f".{name}") for path in taught):
            return None
        path = f"{self._run.resolver.dotted_name(module.path)}.{name}"
        if path not in taught or any(b.kind == "class" for b in self.table(module).names.get(name, ())):
            return None
        return one(Ext(path))

    def _earlier(self, frame: Frame, owner: tuple[object, str], candidates: list[Binding], before: r.At) -> Vals:
        """What a name of a module or class holds at a place in the body."""
        key = (owner[0], f"{owner[1]}<{before}>")
        known = self._known.get(key)
        if known is not None:
            return known
        if key in self._under_way:
            return unknown("circular definition")
        self._under_way.add(key)
        try:
            chosen = current(self._possible(frame, candidates), before)
            found = self._known[key] = join(self._binding(frame, binding) for binding in chosen)
        finally:
            self._under_way.discard(key)
        return found

    def _module_name(self, module: r.ModuleFacts, name: str, rebinding: bool = True) -> Vals | None:
        table = self.table(module)
        frame = self._run.module_frame(module)
        candidates = table.names.get(name)
        rebound = self._rebound(module, name) if rebinding else []
        if candidates or rebound:
            chosen = current(self._possible(frame, candidates or []))
            starred, covered = self._starred_after(module, name, chosen)
            own = () if covered else tuple(self._binding(frame, binding) for binding in chosen)
            found = join((*own, *starred, *rebound))
            known = any(not isinstance(v, (Const, Unknown)) for v in found)
            return found if known or not rebound else found | {Unknown("state of a module")}
        outside = NOTHING
        for star, _ in reversed(table.stars):
            if self._run.resolver.module(star.module, star.level, module.path) is None:
                if name not in _BUILTINS and not name.startswith("_") and star.level == 0:
                    outside = join((outside, one(Ext(f"{star.module}.{name}"))))
                continue
            exported = self._exported(module, star, name)
            if exported is not None:
                return exported
        return outside or None

    def _exported(self, module: r.ModuleFacts, star: r.ImportFrom, name: str) -> Vals | None:
        """What a star import of a module of the project brings under this name."""
        place = self._run.resolver.module(star.module, star.level, module.path)
        other = self.facts(place.path) if place is not None else None
        if other is None or other is module:
            return None
        if name.startswith("_") if other.exported is None else name not in other.exported:
            return None
        found = self.module_name(other, name)
        return None if found is not None and len(found) == 1 and Unknown("import cycle") in found else found

    def _starred_after(self, module: r.ModuleFacts, name: str, chosen: list[Binding]) -> tuple[list[Vals], bool]:
        """What star imports below the name's own bindings bring, and whether one of them surely replaces those."""
        last = max((b.stmt.at[:2] for b in chosen if b.stmt is not None), default=(0, 0))
        found: list[Vals] = []
        for star, is_certain in reversed(self.table(module).stars):
            brought = self._exported(module, star, name) if star.at[:2] > last else None
            if brought is not None:
                found.append(brought)
                if is_certain:
                    return found, True
        return found, False

    def _rebound(self, module: r.ModuleFacts, name: str) -> list[Vals]:
        """What functions that declare the name ``global`` give it."""
        found = []
        for function in module.functions:
            if name in function.global_names:
                klass = ClassValue(function.owner, module) if isinstance(function.owner, r.ClassFact) else None
                frame = attributes.symbolic_frame(self._run, Func(function, module, None, klass))
                for binding in self.table(function).names.get(name, ()):
                    found.append(self._binding(frame, binding))
        return found

    def facts(self, path: str) -> r.ModuleFacts | None:
        """The facts of a project file, or None where it has none (a namespace package, a file that does not parse)."""
        if not path:
            return None
        found = self._run.modules.facts(path)
        if isinstance(found, r.ModuleFacts):
            return found
        self._run.note_unknown(found.reason)
        return None

    def member(self, module: ModuleValue, name: str, copied: bool = False) -> Vals:
        """``module.name``: a global of the module or a submodule; ``copied``: as it was after the module's import."""
        facts = self.facts(module.path)
        if facts is not None:
            cell = (self._run.module_frame(facts), name)
            if not copied and self._run.store.written(cell) is not None:
                return self._run.store.get(cell) or NOTHING
            if copied and name in self._changing(facts):
                first = self._at_import(facts, name)
                if any(not isinstance(v, (Const, Unknown)) for v in first):
                    return first
            found = self.module_name(facts, name)
            if found is not None and not (len(found) == 1 and Unknown("import cycle") in found):
                return found
        inner = self._run.resolver.submodule(Place(module.path, module.folders), name)
        if inner is not None:
            return one(ModuleValue(inner.path, inner.folders))
        return unknown("name not found in a project module")

    def _at_import(self, facts: r.ModuleFacts, name: str) -> Vals:
        """What a global name holds when the module's own body has run."""
        key = (facts, f"<at import>{name}")
        if key in self._under_way:
            return NOTHING
        if key not in self._known:
            self._under_way.add(key)
            try:
                self._known[key] = self._module_name(facts, name, rebinding=False)
            finally:
                self._under_way.discard(key)
        return self._known[key] or NOTHING

    def imported(
        self, module: r.ModuleFacts, stmt: r.Import | r.ImportFrom, copied: bool = False
    ) -> Iterator[tuple[str, Vals]]:
        """The names that an import statement binds, with their values; star imports bind nothing here.

        ``copied``: the statement runs when its module is imported, and what happens later does not reach the names.
        """
        if isinstance(stmt, r.Import):
            top = stmt.module.partition(".")[0]
            place = self._run.resolver.module(stmt.module, 0, module.path)
            if stmt.name:
                yield stmt.name, one(ModuleValue(place.path, place.folders) if place else Ext(stmt.module))
            else:
                first = self._run.resolver.module(top, 0, module.path) if place else None
                yield top, one(ModuleValue(first.path, first.folders) if first else Ext(top))
            return
        place = self._run.resolver.module(stmt.module, stmt.level, module.path)
        for name, alias in stmt.names:
            if name == "*":
                continue
            if place is not None:
                yield alias, self.member(ModuleValue(place.path, place.folders), name, copied)
            elif stmt.level:
                yield alias, unknown("relative import of a module that is not there")
            elif f"{stmt.module}.{name}" in externals.FALSE_HERE:
                yield alias, one(Const(False, "bool"))
            else:
                inner = self._run.resolver.module(f"{stmt.module}.{name}", 0, module.path)
                yield alias, one(ModuleValue(inner.path, inner.folders) if inner else Ext(f"{stmt.module}.{name}"))

    def _binding(self, frame: Frame, binding: Binding) -> Vals:
        stmt = binding.stmt
        match binding.kind:
            case "import":
                assert isinstance(stmt, r.Import)
                return next(vals for _, vals in self.imported(frame.module, stmt))
            case "from":
                assert isinstance(stmt, r.ImportFrom)
                one_name = stmt._replace(names=((binding.source[2], binding.source[2]),))
                return next(
                    (vals for _, vals in self.imported(frame.module, one_name, frame.function is None)), NOTHING
                )
            case "define":
                assert isinstance(stmt, r.Define)
                return self.function_value(frame, stmt.function)
            case "class":
                assert isinstance(stmt, r.DefineClass)
                return self.class_value(frame, stmt.klass)
            case "annotation":
                assert binding.expr is not None
                return self.annotated(frame, binding.expr)
        assert binding.expr is not None
        with self._run.detached(), self._at(frame, binding.expr.at):
            vals = self._run.evaluate(frame, binding.expr)
            if binding.kind == "element":
                vals = iteration.elements(self._run, vals, binding.expr.at, frame)
            elif binding.kind == "enter":
                vals = context_managers.entered(self._run, vals, binding.expr.at, frame)
            elif binding.kind == "part":
                vals = attributes.item(self._run, vals, one(Const(binding.position, "int")), binding.expr.at, frame)
        if not isinstance(stmt, r.Annotate):
            return vals
        if all(v == Const(None, "NoneType") for v in vals):
            return join((vals, self.annotated(frame, stmt.annotation)))
        return self.typed(frame, vals, stmt.annotation)

    def _run_mutations(self, module: r.ModuleFacts, name: str) -> None:
        """Run the top-level statements that change the object behind ``name`` in place."""
        frame = self._run.module_frame(module)
        for stmt in self._mutating(module, name):
            with self._run.detached():
                if isinstance(stmt, r.Define):
                    self.function_value(frame, stmt.function)
                elif isinstance(stmt, r.DefineClass):
                    self.class_value(frame, stmt.klass)
                else:
                    self._run.block(frame, (stmt,))

        self._fill(module, lambda expr: isinstance(expr, r.Name) and expr.id == name, self._known.get((module, name)))

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
            for stmt in module.body:
                names = set(_roots((stmt,)))
                for called in _called(stmt):
                    names |= touched.get(called, set())
                for changed in names:
                    table.setdefault(changed, []).append(stmt)
        return table.get(name, [])

    def fill_attribute(self, klass: ClassValue, name: str, values: Vals) -> None:
        """Put into the containers behind ``self.name`` what the methods of the class put there."""
        for candidate in self.mro(klass):
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
        for call, scope in module.calls:
            func = call.func
            if not (isinstance(func, r.Attr) and func.name in _PUTTERS and call.args and is_container(func.base)):
                continue
            if not isinstance(scope, r.Function) or (functions is not None and scope not in functions):
                continue
            owner = klass
            if owner is None and isinstance(scope.owner, r.ClassFact):
                owner = ClassValue(scope.owner, module)
            frame = attributes.symbolic_frame(self._run, Func(scope, module, None, owner))
            with self._run.detached():
                put = self._run.evaluate(frame, call.args[-1])
            for container in containers:
                cell = (container, ANY_KEY)
                self._run.store.base[cell] = join((self._run.store.base.get(cell, NOTHING), put))

    # Functions and classes.

    def function_value(self, frame: Frame, function: r.Function) -> Vals:
        """What a ``def`` binds: the function, or what its decorators make of it."""
        klass = frame.klass if frame.function is None else None
        enclosing = frame if frame.function is not None else frame.parent
        vals = one(Func(function, frame.module, enclosing, klass))
        if not function.decorators:
            return vals
        key = (frame, f"<decorated>{function.at}")
        cached = self._known.get(key) if frame.function is None else None
        if cached is not None:
            return cached
        if key in self._under_way:
            return vals
        self._under_way.add(key)
        try:
            if frame.function is not None:
                return self._decorate(frame, function, vals)
            with self._run.detached():
                vals = self._known[key] = self._decorate(frame, function, vals)
        finally:
            self._under_way.discard(key)
        return vals

    def class_value(self, frame: Frame, fact: r.ClassFact) -> Vals:
        """What a ``class`` statement binds: the class, or what the project's own decorators make of it."""
        plain = one(ClassValue(fact, frame.module, frame if frame.function is not None else frame.parent))
        key = (frame, f"<decorated class>{fact.at}")
        if not fact.decorators or key in self._under_way:
            return plain
        cached = self._known.get(key) if frame.function is None else None
        if cached is not None:
            return cached
        self._under_way.add(key)
        vals = plain
        try:
            with self._run.detached() if frame.function is None else nullcontext():
                for decorator in reversed(fact.decorators):
                    made = self._run.evaluate(frame, decorator)
                    made = frozenset(v for v in made if isinstance(v, (Func, Bound, Instance, Partial, Wrapped)))
                    found = self._run.call(made, Arguments([vals]), decorator.at, frame) if made else NOTHING
                    if any(isinstance(v, ClassValue) for v in found):
                        vals = found
        finally:
            self._under_way.discard(key)
        if frame.function is None:
            self._known[key] = vals
        return vals

    def _decorate(self, frame: Frame, function: r.Function, vals: Vals) -> Vals:
        for decorator in reversed(function.decorators):
            made = self._run.evaluate(frame, decorator)
            if all(isinstance(v, Unknown) for v in made):
                vals = frozenset(attributes.wrapped(v, "?") for v in vals)
            else:
                vals = self._run.call(made, Arguments([vals]), decorator.at, frame)
        return vals

    def class_own(self, klass: ClassValue, name: str, before: r.At | None = None) -> Vals | None:
        """What the class body binds to ``name``, in the end or at a place in it; None if it does not."""
        candidates = self.table(klass.fact).names.get(name) if before is not None else None
        if candidates and before is not None and current(candidates, before) != current(candidates):
            return self._earlier(self._run.class_frame(klass), (klass, name), candidates, before)
        key = (klass, name)
        if key in self._known:
            return self._known[key]
        if (taught := self._taught(klass.module, f"{klass.fact.name}().{name}")) is not None:
            return taught
        candidates = self.table(klass.fact).names.get(name)
        if not candidates:
            self._known[key] = None
            return None
        if key in self._under_way:
            return unknown("circular definition")
        self._under_way.add(key)
        try:
            frame = self._run.class_frame(klass)
            with self._run.detached():
                found = join(self._binding(frame, b) for b in current(self._possible(frame, candidates)))
        finally:
            self._under_way.discard(key)
        self._known[key] = found
        if any(isinstance(v, Box) for v in found):
            self._run_mutations(klass.module, klass.fact.name)
            if "__init_subclass__" in klass.fact.functions:
                for derived in self.subclasses(klass):
                    with self._run.detached():
                        construction.class_made(self._run, derived, derived.fact.at, frame)
        return found

    def mro(self, klass: Value) -> tuple[Value, ...]:
        """The class and its ancestors in Python's order; an unknown base is ``Ext("?")``."""
        if isinstance(klass, ClassValue):
            known = self._mros.get(klass)
            if known is None:
                self._mros[klass] = (klass,)
                known = self._mros[klass] = linearise(klass, self.bases)
            return known
        return linearise(klass, self.bases)

    def bases(self, klass: Value) -> list[Value]:
        """The direct bases of a class."""
        if isinstance(klass, Ext):
            known = [Ext(path) for path in self._run.models.bases(klass.path)]
            has_rows = any(self._run.models.find(table, klass.path) for table in ("type", "wrapper", "spawn"))
            if not known and klass.path.endswith("Thread") and not has_rows:
                return [Ext("threading.Thread")]  # What a library calls a thread is one.
            return list(known)
        assert isinstance(klass, ClassValue)
        if klass.fact in self._made:
            return [self._base(base) for base in self._made[klass.fact]]
        found: list[Value] = []
        outside = klass.frame or self._run.module_frame(klass.module)
        # A base that is a name of a function that runs at this moment is in a cell of its own store.
        running = any(a.frame is outside for a in self._run.active)
        with self._run.writing() if running else self._run.detached():
            for expr in klass.fact.bases:
                for value in self._run.evaluate(outside, expr):
                    base = self._base(value)
                    if base not in found:
                        found.append(base)
        if self._run.models.taught:
            path = f"{self._run.resolver.dotted_name(klass.module.path)}.{klass.fact.name}"
            found += [Ext(base) for base in self._run.models.bases(path) if Ext(base) not in found]
        return found

    def _base(self, value: Value) -> Value:
        if isinstance(value, ClassValue):
            return value
        if isinstance(value, Ext):
            path = self._run.models.canonical(value.path)
            return Ext(path.removesuffix("[]"))
        return Ext("?")

    def make_class(self, frame: Frame, at: r.At, name: str, bases: list[Value], fields: tuple[str, ...]) -> ClassValue:
        """The class that a call at this place makes, with ``fields`` declared in its body."""
        key = (frame.module, at, name)
        fact = self._made_at.get(key)
        if fact is None:
            body = tuple(r.Annotate(at, r.Name(at, field), r.Name(at, "object"), None) for field in fields)
            fact = self._made_at[key] = r.ClassFact(name, name, at, (), (), body, owner=frame.module)
            self._made[fact] = bases
        return ClassValue(fact, frame.module)

    def metaclasses(self, klass: ClassValue) -> Vals:
        """What the class and its ancestors name as their metaclass."""
        found = NOTHING
        for candidate in self.mro(klass):
            if isinstance(candidate, ClassValue):
                for keyword in candidate.fact.keywords:
                    if keyword.name == "metaclass":
                        outside = candidate.frame or self._run.module_frame(candidate.module)
                        with self._run.detached():
                            found = join((found, self._run.evaluate(outside, keyword.value)))
        return found

    def is_a(self, value: Value, path: str) -> bool:
        """Whether a class is, as far as known, ``path`` or a subclass of it."""
        wanted = self._run.models.canonical(path)
        return (
            any(isinstance(c, Ext) and c.path == wanted for c in self.mro(value))
            if isinstance(value, ClassValue)
            else isinstance(value, Ext) and self._run.models.is_a(value.path, path)
        )

    def subclasses(self, klass: ClassValue) -> tuple[ClassValue, ...]:
        """The project's classes below ``klass``, at module level, at most ``MOST_SUBCLASSES``."""
        found: dict[ClassValue, None] = {}
        names = [klass.fact.name]
        below = self._run.derived.get(self._run.resolver.project_root(klass.module.path), {})
        for name in names:
            own = [(klass.module.path, c.name) for c in klass.module.classes if name in map(_last, c.bases)]
            for path, derived in dict.fromkeys((*own, *below.get(name, ()))):
                facts = self.facts(path)
                for value in (self.module_name(facts, derived) or NOTHING) if facts is not None else NOTHING:
                    if isinstance(value, ClassValue) and value not in found and klass in self.mro(value)[1:]:
                        found[value] = None
                        names.append(derived)
                if len(found) >= MOST_SUBCLASSES:
                    return tuple(found)
        return tuple(found)

    # Annotations.

    def annotated(self, frame: Frame, annotation: r.Expr) -> Vals:
        """An object of the annotated type."""
        with self._run.detached():
            return self._annotated(frame, annotation, 0)

    def _annotated(self, frame: Frame, annotation: r.Expr, depth: int) -> Vals:
        if depth > 6:
            return unknown("annotation")
        match annotation:
            case r.Const():
                if (
                    isinstance(annotation.value, str)
                    and (quoted := _quoted(annotation.value, annotation.at)) is not None
                ):
                    return self._annotated(frame, quoted, depth + 1)
                return NOTHING if annotation.value is None else unknown("annotation")
            case r.Operation() if annotation.op in ("or", "or_", "bitor"):
                return join(self._annotated(frame, operand, depth + 1) for operand in annotation.operands)
            case r.Index():
                return self._generic(frame, annotation, depth)
            case r.Name() | r.Attr():
                outside = self._outside(frame) if frame.function is not None else frame
                return join(self._of_class(v) for v in self._run.evaluate(outside, annotation))
        return unknown("annotation")

    def _generic(self, frame: Frame, annotation: r.Index, depth: int) -> Vals:
        outside = self._outside(frame) if frame.function is not None else frame
        keys = annotation.key.items if isinstance(annotation.key, r.Display) else (annotation.key,)
        found = NOTHING
        for base in self._run.evaluate(outside, annotation.base):
            path = self._run.models.canonical(base.path) if isinstance(base, Ext) else ""
            if path in _OPTIONAL:
                picked = keys if path == "typing.Union" else keys[:1]
                found = join((found, *(self._annotated(frame, key, depth + 1) for key in picked)))
            elif path in _SEQUENCES or path in _MAPPINGS:
                box = Box("dict" if path in _MAPPINGS else "list", ("annotation", frame.module.path, annotation.at))
                inner = self._annotated(frame, keys[-1 if path in _MAPPINGS else 0], depth + 1)
                self._run.store.add((box, ANY_KEY), inner or unknown("annotation"))
                found = join((found, one(box)))
            elif path in _CLASSES:
                found = join((found, *(self._run.evaluate(outside, key) for key in keys[:1])))
            elif isinstance(base, (Ext, ClassValue)):
                of = next((v for v in self._run.evaluate(outside, keys[0]) if isinstance(v, (ClassValue, Ext))), None)
                for value in self._of_class(base):
                    if isinstance(value, Ext):
                        value = Ext(value.path, of)
                    elif isinstance(value, Instance):
                        value = Instance(value.klass, None, of)
                    found = join((found, one(value)))
        return found or unknown("annotation")

    def _of_class(self, value: Value) -> Vals:
        if isinstance(value, ClassValue):
            return one(Instance(value))
        if isinstance(value, Ext):
            if value.path in ("typing.Any", "object", "typing.Callable", "collections.abc.Callable"):
                return unknown("parameter without a known caller")
            return one(Ext(value.path + "()"))
        return unknown("annotation")

    def typed(self, frame: Frame, vals: Vals, annotation: r.Expr) -> Vals:
        """``vals``, or an object of the annotated type where nothing is known of them but a library that made them."""
        if not vals or not all(self.vague(v) for v in vals):
            return vals
        found = self.annotated(frame, annotation)
        return found if any(not self.vague(v) for v in found) else vals

    def vague(self, value: Value) -> bool:
        """Whether a value is unknown, or came out of a library of which no row speaks."""
        if isinstance(value, Ext):
            head = value.path.partition(".")[0].removesuffix("()")
            return value.of is None and value.path.endswith(("()", "[]")) and head not in self._spoken_of
        return isinstance(value, Unknown)

    def find_model(self, klass: ClassValue, label: str) -> Value | None:
        """The model that a string reference such as ``"app.Order"`` or ``"self"`` means in ``klass``."""
        if label == "self":
            return klass
        app, _, name = label.rpartition(".")
        if not app:
            found = self.module_name(klass.module, name) or NOTHING
            return next((v for v in found if isinstance(v, (ClassValue, Ext))), None)
        return self.app_model(klass.module.path, app, name)

    def app_model(self, importer: str, app: str, name: str) -> Value | None:
        """The model ``name`` of the application labelled ``app``, found by the usual layout of folders."""
        for package in self._run.resolver.packages_called(app, importer):
            place = self._run.resolver.submodule(package, "models")
            if place is not None:
                for value in self.member(ModuleValue(place.path, place.folders), name):
                    if isinstance(value, ClassValue):
                        return value
        return None

    def module_at(self, place: Place) -> ModuleValue:
        """The module value of a resolved place."""
        return ModuleValue(place.path, place.folders)

    def related(self, model: ClassValue, name: str) -> tuple[Ext, ClassValue] | None:
        """The relation whose accessor ``name`` is on ``model``, and the model of the same module that declares it."""
        for fact in model.module.classes:
            owner = ClassValue(fact, model.module)
            by_default = name.removesuffix("_set") == fact.name.lower()
            for stmt in fact.body:
                if not (isinstance(stmt, (r.Assign, r.Annotate)) and isinstance(stmt.value, r.Call)):
                    continue
                given = next((k.value for k in stmt.value.keywords if k.name == "related_name"), None)
                if not (by_default if given is None else isinstance(given, r.Const) and given.value == name):
                    continue
                target = stmt.targets[0] if isinstance(stmt, r.Assign) else stmt.target
                if isinstance(target, r.Name):
                    for value in self.class_own(owner, target.id) or NOTHING:
                        if isinstance(value, Ext) and (value.of is None or value.of in self.mro(model)):
                            return value, owner
        return None

    def declares_fields(self, klass: ClassValue) -> bool:
        """Whether a class under a base that is not known declares model fields, or options that only models have."""
        key = (klass, "<fields>")
        known = self._known.get(key)
        if known is None:
            mro = self.mro(klass)
            outside = [
                c for c in mro if isinstance(c, Ext) and c.path != "object" and not self._run.models.bases(c.path)
            ]
            found = bool(outside) and any(self._declares(c) for c in mro if isinstance(c, ClassValue))
            known = self._known[key] = one(Const(found, "bool"))
        return Const(True, "bool") in known

    def _declares(self, klass: ClassValue) -> bool:
        for stmt in klass.fact.body:
            if isinstance(stmt, r.DefineClass) and stmt.klass.name == "Meta":
                names = self.table(stmt.klass).names
                if names.keys() & _MODEL_OPTIONS:
                    return True
            if isinstance(stmt, r.Assign) and isinstance(stmt.value, r.Call):
                func = stmt.value.func
                from_models = isinstance(func, r.Attr) and isinstance(func.base, r.Name) and func.base.id == "models"
                if from_models and isinstance(func, r.Attr) and func.name.endswith(("Field", "ForeignKey")):
                    return True
        return False

    def dataclass_fields(self, klass: ClassValue) -> list[tuple[str, Vals | None]]:
        """The fields of a dataclass, its bases' first, with their defaults; empty for any other class."""
        fields: dict[str, Vals | None] = {}
        for candidate in reversed(self.mro(klass)):
            if not isinstance(candidate, ClassValue):
                continue
            with self._run.detached():
                outside = candidate.frame or self._run.module_frame(candidate.module)
                marks = [
                    v
                    for d in candidate.fact.decorators
                    for v in self._run.evaluate(outside, d.func if isinstance(d, r.Call) else d)
                ]
            marks += [c for c in self.bases(candidate) if isinstance(c, Ext) and c.path == "typing.NamedTuple"]
            if not any(isinstance(v, Ext) and v.path in _FIELDS for v in marks):
                continue
            for stmt in candidate.fact.body:
                if isinstance(stmt, r.Annotate) and isinstance(stmt.target, r.Name) and not _is_shared(stmt.annotation):
                    default = self.class_own(candidate, stmt.target.id) if stmt.value is not None else None
                    fields[stmt.target.id] = default
        return list(fields.items())


def _is_shared(annotation: r.Expr) -> bool:
    name = annotation.base if isinstance(annotation, r.Index) else annotation
    return (name.id if isinstance(name, r.Name) else name.name if isinstance(name, r.Attr) else "") == "ClassVar"


def _last(expr: r.Expr) -> str:
    return expr.id if isinstance(expr, r.Name) else expr.name if isinstance(expr, r.Attr) else ""


def _has_decorator(function: r.Function, name: str) -> bool:
    return any(isinstance(d, r.Name) and d.id == name for d in function.decorators)


def _quoted(text: str, at: r.At) -> r.Expr | None:
    """The expression that an annotation in quotes stands for."""
    try:
        return _name_of(ast.parse(text.strip(), mode="eval").body, at)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _name_of(node: ast.expr, at: r.At) -> r.Expr | None:
    match node:
        case ast.Name():
            return r.Name(at, node.id)
        case ast.Attribute():
            base = _name_of(node.value, at)
            return r.Attr(at, base, node.attr) if base is not None else None
        case ast.Subscript():
            base, key = _name_of(node.value, at), _name_of(node.slice, at)
            return r.Index(at, base, key) if base is not None and key is not None else None
        case ast.Tuple():
            items = [_name_of(item, at) or r.Const(at, None) for item in node.elts]
            return r.Display(at, "tuple", tuple(items))
        case ast.BinOp(op=ast.BitOr()):
            left, right = _name_of(node.left, at), _name_of(node.right, at)
            return r.Operation(at, "or", (left, right)) if left is not None and right is not None else left or right
        case ast.Constant(value=None):
            return r.Const(at, None)
    return None


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
