"""The records that a module is lowered to: Python's own statements and expressions, without its nodes.

Every record is a named tuple: it prints, pickles and costs little to make. The records keep the source order,
which strong updates need. A function, class or module is a *scope*; scopes compare by identity, so they can be keys.
Positions: ``at`` is ``(line, col, end_line, end_col)``, lines from 1 and columns from 0 in characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

At: TypeAlias = tuple[int, int, int, int]
Literal: TypeAlias = str | bytes | int | float | complex | bool | None

# --- expressions


class Const(NamedTuple):
    """A literal; ``...`` is the value None with ``kind`` "ellipsis"."""

    at: At
    value: Literal
    kind: str = ""


class Name(NamedTuple):
    at: At
    id: str


class Attr(NamedTuple):
    at: At
    base: Expr
    name: str


class Index(NamedTuple):
    at: At
    base: Expr
    key: Expr


class Slice(NamedTuple):
    """``lower:upper:step``; None where a part is not written."""

    at: At
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


class Keyword(NamedTuple):
    """``name=value`` in a call; ``name`` is None for ``**value``."""

    name: str | None
    value: Expr


class Call(NamedTuple):
    at: At
    func: Expr
    args: tuple[Expr, ...]
    keywords: tuple[Keyword, ...]


class Starred(NamedTuple):
    at: At
    value: Expr


class Display(NamedTuple):
    """A list, tuple or set display: ``kind`` is "list", "tuple" or "set"."""

    at: At
    kind: str
    items: tuple[Expr, ...]


class DictDisplay(NamedTuple):
    """A dict display; a key of None stands for ``**value``."""

    at: At
    items: tuple[tuple[Expr | None, Expr], ...]


class LambdaExpr(NamedTuple):
    at: At
    function: Function


class Clause(NamedTuple):
    """``for target in iterable if ... if ...`` of a comprehension."""

    target: Expr
    iterable: Expr
    tests: tuple[Expr, ...]
    is_async: bool


class Comprehension(NamedTuple):
    """``kind`` is "list", "set", "dict" or "generator"; a dict has two ``elements``, key and value."""

    at: At
    kind: str
    elements: tuple[Expr, ...]
    clauses: tuple[Clause, ...]


class BoolOp(NamedTuple):
    """``and`` or ``or`` (``op``) over two or more operands."""

    at: At
    op: str
    operands: tuple[Expr, ...]


class Not(NamedTuple):
    at: At
    operand: Expr


class Operation(NamedTuple):
    """A unary or binary operator other than ``not``; ``op`` names the dunder without underscores: "add", "neg"."""

    at: At
    op: str
    operands: tuple[Expr, ...]


class Compare(NamedTuple):
    """``ops`` are the operators as written: ``==``, ``is not``, ``in``...; one fewer than ``operands``."""

    at: At
    ops: tuple[str, ...]
    operands: tuple[Expr, ...]


class IfExpr(NamedTuple):
    at: At
    test: Expr
    body: Expr
    orelse: Expr


class Walrus(NamedTuple):
    at: At
    target: Name
    value: Expr


class Await(NamedTuple):
    at: At
    value: Expr


class Yield(NamedTuple):
    at: At
    value: Expr | None


class YieldFrom(NamedTuple):
    at: At
    value: Expr


class FString(NamedTuple):
    """An f-string's parts: constants and the interpolated expressions (nested format specs are flattened).

    ``{x!r}`` is a call of ``repr``.
    """

    at: At
    parts: tuple[Expr, ...]


Expr: TypeAlias = (
    Const
    | Name
    | Attr
    | Index
    | Slice
    | Call
    | Starred
    | Display
    | DictDisplay
    | LambdaExpr
    | Comprehension
    | BoolOp
    | Not
    | Operation
    | Compare
    | IfExpr
    | Walrus
    | Await
    | Yield
    | YieldFrom
    | FString
)

# --- statements


class Evaluate(NamedTuple):
    """An expression used as a statement."""

    at: At
    value: Expr


class Assign(NamedTuple):
    """``a = b = value``. A target is a Name, Attr, Index, Starred, or a Display of targets."""

    at: At
    targets: tuple[Expr, ...]
    value: Expr


class Annotate(NamedTuple):
    """``target: annotation = value``; a string annotation is parsed where it can be."""

    at: At
    target: Expr
    annotation: Expr
    value: Expr | None


class Augment(NamedTuple):
    """``target op= value``."""

    at: At
    target: Expr
    op: str
    value: Expr


class Delete(NamedTuple):
    at: At
    targets: tuple[Expr, ...]


class Return(NamedTuple):
    at: At
    value: Expr | None


class Raise(NamedTuple):
    at: At
    exception: Expr | None
    cause: Expr | None


class Assert(NamedTuple):
    at: At
    test: Expr
    message: Expr | None


class If(NamedTuple):
    at: At
    test: Expr
    body: Block
    orelse: Block


class While(NamedTuple):
    at: At
    test: Expr
    body: Block
    orelse: Block


class For(NamedTuple):
    at: At
    target: Expr
    iterable: Expr
    body: Block
    orelse: Block
    is_async: bool


class Handler(NamedTuple):
    """``except kind as name``; ``kind`` is None for a bare ``except``."""

    at: At
    kind: Expr | None
    name: str | None
    body: Block


class Try(NamedTuple):
    """``is_star`` marks ``except*``."""

    at: At
    body: Block
    handlers: tuple[Handler, ...]
    orelse: Block
    final: Block
    is_star: bool


class WithItem(NamedTuple):
    manager: Expr
    target: Expr | None


class With(NamedTuple):
    at: At
    items: tuple[WithItem, ...]
    body: Block
    is_async: bool


class Pattern(NamedTuple):
    """What a ``match`` arm compares the subject with.

    ``kind``: "value" (``value`` is it), "class" (``value``, with ``inner`` by position, then those named by ``keys``),
    "mapping" (``inner`` under the constant ``keys``), "sequence" (``inner`` in order; one may be a "star"), "or", "as"
    (no ``inner``: anything), "star". ``name`` is what it binds, of a mapping the rest.
    """

    kind: str
    name: str | None = None
    value: Expr | None = None
    inner: tuple[Pattern, ...] = ()
    keys: tuple[Literal, ...] = ()


class Case(NamedTuple):
    """A ``match`` arm: the values it compares with, the names it binds, and whether it always matches.

    ``pattern`` has the same as written.
    """

    at: At
    values: tuple[Expr, ...]
    names: tuple[str, ...]
    guard: Expr | None
    body: Block
    irrefutable: bool
    pattern: Pattern = Pattern("as")


class Match(NamedTuple):
    at: At
    subject: Expr
    cases: tuple[Case, ...]


class Import(NamedTuple):
    """``import module as name``; ``name`` is None where no ``as`` is written (then the first part is bound)."""

    at: At
    module: str
    name: str | None


class ImportFrom(NamedTuple):
    """``from ...module import (name as alias, ...)``; ``*`` is the name "*". ``level`` counts leading dots."""

    at: At
    module: str
    level: int
    names: tuple[tuple[str, str], ...]


class Define(NamedTuple):
    """A ``def``: binds ``function.name``. Decorators and defaults are evaluated here."""

    at: At
    function: Function


class DefineClass(NamedTuple):
    at: At
    klass: ClassFact


class Break(NamedTuple):
    at: At


class Continue(NamedTuple):
    at: At


Stmt: TypeAlias = (
    Evaluate
    | Assign
    | Annotate
    | Augment
    | Delete
    | Return
    | Raise
    | Assert
    | If
    | While
    | For
    | Try
    | With
    | Match
    | Import
    | ImportFrom
    | Define
    | DefineClass
    | Break
    | Continue
)
Block: TypeAlias = tuple[Stmt, ...]

# --- scopes


class Parameter(NamedTuple):
    """``kind`` is "positional" (only or usual), "keyword" (only), "args" or "kwargs".

    ``default`` and ``annotation`` are as written; a string annotation is parsed where it can be.
    """

    name: str
    kind: str
    default: Expr | None
    annotation: Expr | None


@dataclass(eq=False, slots=True)
class Function:
    """A ``def``, ``async def`` or ``lambda`` (``name`` is then ``<lambda>``, the body one Return).

    ``qualname`` leaves ``<locals>`` out. ``at`` spans the definition without its decorators and begins at ``def``
    (or ``async``, or ``lambda``).
    ``local_names`` are the names bound in this scope, parameters included, ``global`` and ``nonlocal`` ones left out.
    ``cell_names`` are those of them that an inner scope reads or rebinds.
    """

    name: str
    qualname: str
    at: At
    parameters: tuple[Parameter, ...]
    body: Block
    decorators: tuple[Expr, ...] = ()
    returns: Expr | None = None
    is_async: bool = False
    is_generator: bool = False
    global_names: frozenset[str] = frozenset()
    nonlocal_names: frozenset[str] = frozenset()
    local_names: frozenset[str] = frozenset()
    cell_names: frozenset[str] = frozenset()
    owner: ClassFact | Function | ModuleFacts | None = field(default=None, repr=False)


@dataclass(eq=False, slots=True)
class ClassFact:
    """A ``class`` statement. ``functions`` are the ``def``s directly in its body, last one wins.

    ``self_stores`` are the assignments to attributes of the first parameter (``self.x = ...``, also with an annotation,
    also inside nested blocks) in all methods: name -> (method, value expression or annotation, is annotation).
    """

    name: str
    qualname: str
    at: At
    bases: tuple[Expr, ...]
    keywords: tuple[Keyword, ...]
    body: Block
    decorators: tuple[Expr, ...] = ()
    functions: dict[str, Function] = field(default_factory=dict, repr=False)
    self_stores: dict[str, list[tuple[Function, Expr, bool]]] = field(default_factory=dict, repr=False)
    owner: ClassFact | Function | ModuleFacts | None = field(default=None, repr=False)


@dataclass(eq=False, slots=True)
class ModuleFacts:
    """A lowered file. ``functions`` and ``classes`` list every scope in it, at any depth, in source order.

    ``calls`` lists every call expression at any depth with the innermost scope that evaluates it (a decorator, default
    or base class is evaluated by the scope around the definition). ``exported`` is a literal ``__all__``, or None.
    ``walruses`` are the assignment expressions at module level, ``imports`` the import statements at any depth.
    """

    path: str
    body: Block = ()
    functions: tuple[Function, ...] = field(default=(), repr=False)
    classes: tuple[ClassFact, ...] = field(default=(), repr=False)
    calls: tuple[tuple[Call, Scope], ...] = field(default=(), repr=False)
    exported: tuple[str, ...] | None = None
    walruses: tuple[Walrus, ...] = field(default=(), repr=False)
    imports: tuple[Import | ImportFrom, ...] = field(default=(), repr=False)


Scope: TypeAlias = ModuleFacts | Function | ClassFact
