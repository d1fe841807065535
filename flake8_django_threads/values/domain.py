"""The abstract values: what an expression may be, as far as the text says.

An expression has a set of values (``Vals``), at most ``MOST`` of them. ``Unknown`` is a member like any other, with
its reason. What lies outside the project is an ``Ext`` with a path string: a dotted name, ``()`` for the result of
calling or an instance of the class, ``[]`` for an element; see the models for what such a path means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from flake8_django_threads.facts.records import Call, ClassFact, Function, Literal, ModuleFacts
from flake8_django_threads.values.interned import Interned

MOST = 24


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Const(metaclass=Interned):
    """A literal; ``kind`` is its type's name, so that ``1`` and ``True`` stay apart."""

    value: Literal
    kind: str


class Frame:
    """One context in which a function's body runs: the owner of its local cells.

    ``function`` is None for the frame of a module. ``parent`` is the frame of the enclosing function, for closures.
    Frames are interned by (function, parent, arguments), so that equal contexts are one object. ``code`` is the frame
    itself, or, of a comprehension's own scope, that of the body in which the comprehension is written.
    """

    __slots__ = ("code", "function", "klass", "module", "parent", "symbolic")

    def __init__(
        self,
        module: ModuleFacts,
        function: Function | None = None,
        parent: Frame | None = None,
        klass: ClassValue | None = None,
        symbolic: bool = False,
        code: Frame | None = None,
    ) -> None:
        self.code: Frame = code or self
        self.module = module
        self.function = function
        self.parent = parent
        self.klass = klass
        self.symbolic = symbolic

    def __repr__(self) -> str:
        name = self.function.qualname if self.function else "<module>"
        return f"<frame {name} of {self.module.path}>"


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Func(metaclass=Interned):
    """A function of the project; ``frame`` is the enclosing function's frame, ``klass`` the class it was written in.

    ``defaults`` are those of an inner function, as they were when its definition ran.
    """

    function: Function
    module: ModuleFacts
    frame: Frame | None = None
    klass: ClassValue | None = None
    defaults: tuple[tuple[str, Vals], ...] = ()


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class ClassValue(metaclass=Interned):
    """A class of the project."""

    fact: ClassFact
    module: ModuleFacts
    frame: Frame | None = None


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Instance(metaclass=Interned):
    """An object of a project class. ``site`` tells allocations apart; None is "some object of this class".

    ``of`` is the model that a manager or queryset works on; ``alias`` the database that it was told to use.
    """

    klass: ClassValue
    site: object = None
    of: Value | None = None
    alias: str = ""


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class ModuleValue(metaclass=Interned):
    """A module or package of the project: ``path`` of its file ("" for a namespace package) and its ``folders``."""

    path: str
    folders: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Ext(metaclass=Interned):
    """Something outside the project, by its path string; ``of``, ``alias`` as for Instance.

    ``site`` tells apart two results of one call where their contents matter (a thread's target).
    """

    path: str
    of: Value | None = None
    alias: str = ""
    site: object = None


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Bound(metaclass=Interned):
    """A method with its receiver; ``function`` is a Func or an Ext."""

    function: Func | Ext
    receiver: Value


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Super(metaclass=Interned):
    """``super()`` of ``receiver`` as seen from class ``after``."""

    receiver: Value
    after: ClassValue


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Partial(metaclass=Interned):
    """``functools.partial``: leading arguments already bound."""

    function: Value
    args: tuple[Vals, ...]
    keywords: tuple[tuple[str, Vals], ...]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Wrapped(metaclass=Interned):
    """A callable behind a library's decorator (``wrapper`` is its path), which runs it among other things.

    ``manager`` is the context manager around it, where the decorator is one.
    """

    function: Value
    wrapper: str
    manager: Value | None = None


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Pending(metaclass=Interned):
    """A call whose body has not run yet: ``kind`` is "coroutine", "generator" or "manager" (a generator behind
    ``contextlib.contextmanager``)."""

    kind: str
    function: Func
    arguments: tuple[tuple[str, Vals], ...]


@dataclass(frozen=True, slots=True)
class Lazy:
    """A generator expression: its elements are evaluated when it is consumed, its ``first`` iterable has been."""

    node: object
    frame: Frame
    first: Vals = frozenset()

    def __hash__(self) -> int:
        return id(self.node)


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Mapped(metaclass=Interned):
    """``map``, ``filter`` or ``starmap`` (``kind``) over ``parts``: the function is called when it is consumed."""

    kind: str
    function: Vals
    parts: tuple[Vals, ...]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Fields(metaclass=Interned):
    """The ``__dict__`` of an object, class or module: setting an item sets an attribute."""

    owner: Value


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Box(metaclass=Interned):
    """A list, tuple, set or dict; its elements are cells (box, key) or (box, ANY_KEY)."""

    kind: str
    site: object
    size: int = -1


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Order(metaclass=Interned):
    """The keys of a container in order: what its own cell holds, never a value of the program."""

    keys: tuple[object, ...]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class BoxMethod(metaclass=Interned):
    """A built-in method of a container."""

    box: Box
    name: str


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Unknown(metaclass=Interned):
    """Not known, and why."""

    reason: str


Value: TypeAlias = (
    Const
    | Func
    | ClassValue
    | Instance
    | ModuleValue
    | Ext
    | Bound
    | Super
    | Partial
    | Wrapped
    | Pending
    | Lazy
    | Mapped
    | Fields
    | Box
    | Order
    | BoxMethod
    | Unknown
)
Vals: TypeAlias = frozenset[Value]
Cell: TypeAlias = tuple[object, object]

ANY_KEY = "<any key>"
DISPATCH = "functools.singledispatch"
# Whatever reading the attribute calls: the one name under which all such decorators go.
PROPERTY = "property"
NOTHING: Vals = frozenset()
NONE: Vals = frozenset({Const(None, "NoneType")})
_CUT = Unknown("limit: values")
# The reason of what hangs on the deployment: a setting or an environment variable.
CONFIGURED = "configuration"
# How values say that a parameter was not given.
NO_CALLER = "parameter without a known caller"


def unknown(reason: str) -> Vals:
    """The set that holds only ``Unknown(reason)``."""
    return frozenset({Unknown(reason)})


def one(value: Value) -> Vals:
    """The set that holds only ``value``."""
    return frozenset({value})


def const(value: Literal) -> Vals:
    """The set of one literal."""
    return frozenset({Const(value, type(value).__name__)})


def join(sets: Iterable[Vals]) -> Vals:
    """Everything that any of the sets holds, cut at the limit of values."""
    merged = NOTHING.union(*sets)
    return merged if len(merged) <= MOST else limited(merged)


def limited(values: Vals) -> Vals:
    """The set cut to the limit, which is a member then: constants go first, for they call nothing."""
    if len(values) == MOST + 1 and _CUT in values:
        return values
    kept = sorted((v for v in values if v is not _CUT and not isinstance(v, Const)), key=order_key)[:MOST]
    return frozenset((*kept, _CUT))


def string(values: Vals) -> str | None:
    """The text that the set is for certain, or None."""
    if len(values) == 1:
        (value,) = values
        if isinstance(value, Const) and isinstance(value.value, str):
            return value.value
    return None


def text_of(parts: Sequence[str | None]) -> Vals:
    """The text that the parts make, with a gap where one is not known or has gaps itself."""
    made = "".join("\0" if part is None else part for part in parts)
    return one(Const(made, "pattern" if "\0" in made else "str"))


def literal(values: Vals) -> Literal | Unknown:
    """The literal that the set is for certain, or Unknown."""
    if len(values) == 1:
        (value,) = values
        if isinstance(value, Const) and value.kind not in ("pattern", "slice", "ellipsis"):
            return value.value
    return Unknown("not a literal")


def truth(values: Vals) -> bool | None:
    """Whether every value is true, or every one false; None where that is open."""
    answers = {_truth(value) for value in values}
    return answers.pop() if len(answers) == 1 else None


def _truth(value: Value) -> bool | None:
    if isinstance(value, Const):
        return bool(value.value) if value.kind != "ellipsis" else True
    if isinstance(value, Box):
        return value.size > 0 if value.size >= 0 and value.kind == "tuple" else None
    return True if isinstance(value, (Func, ClassValue, ModuleValue, Bound, Partial, Wrapped)) else None


def written_in(method: Frame) -> ClassValue:
    """The class in whose body the method stands (the object's class may be one below it, in another module)."""
    assert method.klass is not None and method.function is not None
    owner = method.function.owner
    assert isinstance(owner, ClassFact)
    if method.klass.fact is owner:
        return method.klass
    return ClassValue(owner, method.module, method.klass.frame if method.klass.module is method.module else None)


class Arguments:
    """The arguments of one call: ``args`` in order, ``keywords`` by name, ``more`` of unknown length.

    ``node`` is the call as written, where there is one.
    """

    __slots__ = ("args", "keywords", "more", "more_keywords", "node")

    def __init__(
        self,
        args: Iterable[Vals] = (),
        keywords: dict[str, Vals] | None = None,
        more: Vals = NOTHING,
        more_keywords: Vals = NOTHING,
    ) -> None:
        self.args = list(args)
        self.keywords = keywords or {}
        self.more = more
        self.more_keywords = more_keywords
        self.node: Call | None = None

    def get(self, position: int | None, keyword: str | None) -> Vals | None:
        """The argument at ``position`` or called ``keyword``; beyond, what ``*args`` may hold; None if absent."""
        if keyword is not None and keyword in self.keywords:
            return self.keywords[keyword]
        if position is not None and position < len(self.args):
            return self.args[position]
        if position is not None and self.more:
            return self.more
        return None

    def before(self, first: Vals) -> Arguments:
        """The same arguments with one more in front: how a receiver is passed."""
        return Arguments([first, *self.args], self.keywords, self.more, self.more_keywords)

    def all(self) -> Vals:
        """Every value that is passed."""
        return join([*self.args, *self.keywords.values(), self.more, self.more_keywords])


def order_key(value: Value) -> tuple[str, str]:
    """A key that sorts values by what they are and where they are written, whatever their hashes."""
    match value:
        case Const():
            return "Const", f"{value.kind} {value.value!r}"
        case Func():
            return "Func", f"{value.module.path} {value.function.at}"
        case ClassValue():
            return "Class", f"{value.module.path} {value.fact.at}"
        case Instance():
            return "Instance", f"{order_key(value.klass)[1]} {_site(value.site)} {value.alias}"
        case ModuleValue():
            return "Module", value.path or "".join(value.folders)
        case Ext():
            of = order_key(value.of)[1] if value.of is not None else ""
            return "Ext", f"{value.path} {of} {value.alias} {_site(value.site)}"
        case Bound():
            return "Bound", f"{order_key(value.function)[1]} {order_key(value.receiver)[1]}"
        case Partial() | Wrapped():
            return type(value).__name__, f"{order_key(value.function)[1]} {getattr(value, 'wrapper', '')}"
        case Super():
            return "Super", order_key(value.receiver)[1]
        case Pending():
            return "Pending", f"{value.kind} {order_key(value.function)[1]}"
        case Box():
            return "Box", f"{value.kind} {_site(value.site)} {value.size}"
        case Order():
            return "Order", str(len(value.keys))
        case BoxMethod():
            return "BoxMethod", f"{order_key(value.box)[1]} {value.name}"
        case Lazy():
            return "Lazy", repr(value.frame)
        case Mapped():
            return "Mapped", " ".join(order_key(v)[1] for v in sorted(value.function, key=order_key))
        case Fields():
            return "Fields", order_key(value.owner)[1]
        case Unknown():
            return "Unknown", value.reason
    return "", ""


def _site(site: object) -> str:
    if not isinstance(site, tuple):
        return "" if site is None else str(type(site))
    return " ".join(str(part) for part in site[:2] if isinstance(part, str) or _is_position(part))


def _is_position(part: object) -> bool:
    return isinstance(part, tuple) and all(isinstance(number, int) for number in part)
