"""What a name means outside the running body: modules, classes, annotations, decorated definitions.

Nothing here runs a module. A name is looked up in the binding table of its block, and only the expressions that give
it its value are evaluated, once; what mutates a container at module level is run when the container is first read.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.project.resolve import Place
from flake8_django_threads.values import attributes, context_managers, externals, iteration, receivers
from flake8_django_threads.values.bindings import Binding, Table, bindings, current
from flake8_django_threads.values.domain import (
    ANY_KEY,
    DISPATCH,
    NO_CALLER,
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
    Wrapped,
    const,
    join,
    one,
    truth,
    unknown,
    written_in,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

_BUILTINS = frozenset(dir(builtins))
_ON_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


class Namespaces:
    """Looks names up, on demand, and remembers."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._tables: dict[object, Table] = {}
        self._known: dict[tuple[object, str], Vals | None] = {}
        self._under_way: set[tuple[object, str]] = set()
        self._moments: dict[Frame, r.At] = {}
        self._globals: dict[r.ModuleFacts, frozenset[str]] = {}

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
                # What a body that runs has given the name so far comes before what it gives in the end.
                if first and (held := self._run.store.get((scope, name))) is not None:
                    return held
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
            self._run.store.base.setdefault((box, ANY_KEY), unknown(NO_CALLER))
            return one(box)
        if parameter.annotation is not None:
            found = self._run.annotations.annotated(frame, parameter.annotation)
        if not found or all(isinstance(v, Unknown) for v in found):
            found = receivers.parameter(self._run, frame, parameter.name) or found
        if not found or all(isinstance(v, Unknown) for v in found):
            default = NOTHING
            if parameter.default is not None and not (
                isinstance(parameter.default, r.Const) and parameter.default.value is None
            ):
                default = self.default(frame, parameter)
            found = join((unknown(NO_CALLER), default))
        return found

    def default(self, frame: Frame, parameter: r.Parameter) -> Vals:
        """The value of a parameter's default, which may need itself."""
        assert parameter.default is not None
        key = (frame.function, f"<default>{parameter.name}")
        if key in self._under_way:
            return unknown("circular definition")
        self._under_way.add(key)
        try:
            outside = self.outside(frame)
            with self._run.detached(), self._at(outside, parameter.default.at):
                return self._run.evaluate(outside, parameter.default)
        finally:
            self._under_way.discard(key)

    def outside(self, frame: Frame) -> Frame:
        """The frame in which the head of a frame's function is read: its defaults, annotations and decorators."""
        if frame.klass is not None and frame.function is not None and isinstance(frame.function.owner, r.ClassFact):
            return self._run.class_frame(written_in(frame))
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
        if last_name(test) == "TYPE_CHECKING":
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
            or (isinstance(v, Ext) and (v.site is not None or v.path.endswith(("Queue()", ".Signal()"))))
            for v in found
        ):
            self._run.mutations.apply(module, name, found)
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
        if facts is not None and not name.startswith("__"):
            given = self._made_on_demand(facts, name)
            if given:
                return given
        return unknown("name not found in a project module")

    def _made_on_demand(self, module: r.ModuleFacts, name: str) -> Vals:
        """What a module's own ``__getattr__`` gives for a name that it does not bind."""
        key = (module, f"<getattr>{name}")
        if key in self._under_way:
            return NOTHING
        if key not in self._known:
            self._under_way.add(key)
            try:
                getters = frozenset(v for v in self.module_name(module, "__getattr__") or () if isinstance(v, Func))
                frame = self._run.module_frame(module)
                with self._run.detached():
                    asked = Arguments([const(name)])
                    given = self._run.call(getters, asked, (1, 0, 1, 0), frame) if getters else NOTHING
                self._known[key] = frozenset(v for v in given if not isinstance(v, Unknown))
            finally:
                self._under_way.discard(key)
        return self._known[key] or NOTHING

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
                return self._run.annotations.annotated(frame, binding.expr)
        assert binding.expr is not None
        with self._run.detached(), self._at(frame, binding.expr.at):
            vals = self._run.evaluate(frame, binding.expr)
            kind = binding.whole if binding.kind == "part" else binding.kind
            if kind == "element":
                vals = iteration.elements(self._run, vals, binding.expr.at, frame)
            elif kind == "enter":
                vals = context_managers.entered(self._run, vals, binding.expr.at, frame)
            for position in binding.path:
                vals = attributes.item(self._run, vals, one(Const(position, "int")), binding.expr.at, frame)
        if not isinstance(stmt, r.Annotate):
            return vals
        if all(v == Const(None, "NoneType") for v in vals):
            return join((vals, self._run.annotations.annotated(frame, stmt.annotation)))
        return self._run.annotations.typed(frame, vals, stmt.annotation)

    # Functions and classes.

    def function_value(self, frame: Frame, function: r.Function) -> Vals:
        """What a ``def`` binds: the function, or what its decorators make of it."""
        klass = frame.klass if frame.function is None else None
        enclosing = frame if frame.function is not None else frame.parent
        defaults = self.defaults(frame, function) if frame.function is not None else ()
        vals = one(Func(function, frame.module, enclosing, klass, defaults))
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

    def defaults(self, frame: Frame, function: r.Function) -> tuple[tuple[str, Vals], ...]:
        """The defaults that a definition evaluates when a body runs it; literals are the same at any time."""
        return tuple(
            (parameter.name, self._run.evaluate(frame, parameter.default))
            for parameter in function.parameters
            if parameter.default is not None and not isinstance(parameter.default, r.Const)
        )

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
            self._run.mutations.apply(klass.module, klass.fact.name, None)
            self._run.mutations.fill_attribute(klass, name, found)
            if "__init_subclass__" in klass.fact.functions:
                for derived in self._run.classes.subclasses(klass):
                    self._run.classes.prepare(derived)
        for value in found:
            if (
                klass.frame is None
                and isinstance(value, Instance)
                and attributes.lookup(self._run, value.klass, "__set_name__")
            ):
                with self._run.detached():
                    given = (one(klass), const(name))
                    attributes.dunder(self._run, value, "__set_name__", given, klass.fact.at, frame)
        return found


def _has_decorator(function: r.Function, name: str) -> bool:
    return any(isinstance(d, r.Name) and d.id == name for d in function.decorators)
