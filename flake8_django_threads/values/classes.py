"""Classes: their bases, the order in which they are looked up, what derives from them, and classes made by calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.project.classes import linearise
from flake8_django_threads.values import attributes, construction
from flake8_django_threads.values.domain import (
    NOTHING,
    ClassValue,
    Ext,
    Frame,
    Vals,
    Value,
    join,
)

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

MOST_SUBCLASSES = 12
_FIELDS = frozenset({"dataclasses.dataclass", "attr.s", "attrs.define", "typing.NamedTuple"})


class Classes:
    """Answers what a class inherits and who inherits from it, and remembers."""

    def __init__(self, run: Interpreter) -> None:
        self._run = run
        self._mros: dict[ClassValue, tuple[Value, ...]] = {}
        self._prepared: set[ClassValue] = set()
        self._made: dict[r.ClassFact, list[Value]] = {}
        self._made_at: dict[tuple[r.ModuleFacts, r.At, str], r.ClassFact] = {}

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
            if not known and not has_rows and (beyond := self._beyond(klass.path)):
                return beyond
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

    def _beyond(self, path: str) -> list[Value]:
        """The ancestors of an installed package's class that a row, or Python itself, explains."""
        models = self._run.models
        found: list[Value] = []
        for name in self._run.beyond.ancestors(path) if "()" not in path else ():
            spelt = models.canonical(name.removeprefix("builtins."))
            if models.bases(spelt) or any(models.find(t, spelt) for t in ("type", "wrapper", "spawn", "subclass")):
                found.append(Ext(spelt))
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

    def meta(self, klass: ClassValue, name: str) -> Vals | None:
        """What the metaclass of a class binds to ``name``; None where it does not, or there is none of the project."""
        if not any(isinstance(c, ClassValue) and c.fact.keywords for c in self.mro(klass)):
            return None
        for meta in attributes.ordered(self.metaclasses(klass)):
            found = attributes.lookup(self._run, meta, name) if isinstance(meta, ClassValue) else None
            if found is not None:
                return found[1]
        return None

    def prepare(self, klass: ClassValue) -> None:
        """Let the hooks of a module's class run, those of its bases and metaclass, before it is looked into."""
        if klass in self._prepared or klass.frame is not None:
            return
        self._prepared.add(klass)
        bases = self.mro(klass)[1:]
        hooked = any(isinstance(c, ClassValue) and "__init_subclass__" in c.fact.functions for c in bases)
        if hooked or self.meta(klass, "__new__") or self.meta(klass, "__init__"):
            with self._run.detached():
                construction.class_made(self._run, klass, klass.fact.at, self._run.class_frame(klass))

    def is_decorated(self, klass: ClassValue, path: str) -> bool:
        """Whether the class or an ancestor carries this decorator of a library."""
        for candidate in self.mro(klass):
            if isinstance(candidate, ClassValue) and candidate.fact.decorators:
                outside = candidate.frame or self._run.module_frame(candidate.module)
                with self._run.detached():
                    marks = [v for mark in candidate.fact.decorators for v in self._run.evaluate(outside, mark)]
                if Ext(path) in marks:
                    return True
        return False

    def is_a(self, value: Value, path: str) -> bool:
        """Whether a class is, as far as known, ``path`` or a subclass of it."""
        wanted = self._run.models.canonical(path)
        return (
            any(isinstance(c, Ext) and c.path == wanted for c in self.mro(value))
            if isinstance(value, ClassValue)
            else isinstance(value, Ext)
            and (
                self._run.models.is_a(value.path, path)
                or any(self._run.models.is_a(c.path, path) for c in self._beyond(value.path) if isinstance(c, Ext))
            )
        )

    def subclasses(self, klass: ClassValue) -> tuple[ClassValue, ...]:
        """The project's classes below ``klass``, at module level, at most ``MOST_SUBCLASSES``."""
        found: dict[ClassValue, None] = {}
        names = [klass.fact.name]
        below = self._run.derived.get(self._run.resolver.project_root(klass.module.path), {})
        for name in names:
            own = [(klass.module.path, c.name) for c in klass.module.classes if name in map(last_name, c.bases)]
            for path, derived in dict.fromkeys((*own, *below.get(name, ()))):
                facts = self._run.names.facts(path)
                for value in (self._run.names.module_name(facts, derived) or NOTHING) if facts is not None else NOTHING:
                    if isinstance(value, ClassValue) and value not in found and klass in self.mro(value)[1:]:
                        found[value] = None
                        names.append(derived)
                if len(found) >= MOST_SUBCLASSES:
                    return tuple(found)
        return tuple(found)

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
                    default = self._run.names.class_own(candidate, stmt.target.id) if stmt.value is not None else None
                    fields[stmt.target.id] = default
        return list(fields.items())

    def init_only(self, klass: ClassValue) -> list[str]:
        """The names that a dataclass hands to ``__post_init__``."""
        return [
            stmt.target.id
            for candidate in reversed(self.mro(klass))
            if isinstance(candidate, ClassValue)
            for stmt in candidate.fact.body
            if isinstance(stmt, r.Annotate) and isinstance(stmt.target, r.Name) and _is_init_only(stmt.annotation)
        ]


def _is_init_only(annotation: r.Expr) -> bool:
    """``InitVar[X]``: no field, but what ``__post_init__`` is given."""
    return last_name(annotation.base if isinstance(annotation, r.Index) else annotation) == "InitVar"


def _is_shared(annotation: r.Expr) -> bool:
    name = annotation.base if isinstance(annotation, r.Index) else annotation
    return (name.id if isinstance(name, r.Name) else name.name if isinstance(name, r.Attr) else "") == "ClassVar"
