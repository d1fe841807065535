"""Lower a parsed file to its facts in one pass.

The pass runs over every file that the gate lets through, so its cost is measured against ``ast.parse`` (about 0.7 of
it): the way from a node to its method is one look-up in a table.
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeAlias

from flake8_django_threads.facts.names import OpenScope, exported
from flake8_django_threads.facts.records import (
    Annotate,
    Assert,
    Assign,
    At,
    Attr,
    Augment,
    Await,
    Block,
    BoolOp,
    Break,
    Call,
    Case,
    ClassFact,
    Clause,
    Compare,
    Comprehension,
    Const,
    Continue,
    Define,
    DefineClass,
    Delete,
    DictDisplay,
    Display,
    Evaluate,
    Expr,
    For,
    FString,
    Function,
    Handler,
    If,
    IfExpr,
    Import,
    ImportFrom,
    Index,
    Keyword,
    LambdaExpr,
    Match,
    ModuleFacts,
    Name,
    Not,
    Operation,
    Parameter,
    Pattern,
    Raise,
    Return,
    Slice,
    Starred,
    Stmt,
    Try,
    Walrus,
    While,
    With,
    WithItem,
    Yield,
    YieldFrom,
)

Position: TypeAlias = Callable[[ast.AST], At]
Emit: TypeAlias = Callable[[Stmt], None]
Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

DEEP = 50_000
"""Frames allowed to a deep tree. The pass calls Python from Python only, which takes heap and no C stack."""

_numbers: Position = attrgetter("lineno", "col_offset", "end_lineno", "end_col_offset")
# One object for a line, however many positions are in it: their numbers took a third of the memory of the facts.
_LINES = tuple(range(1 << 12))
_TYPE_TEXT = re.compile(r"(?!.*\b\d+[^\W\d])[\w\s.,|\[\]'\"]+", re.DOTALL)

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.BitAnd: "and",
    ast.Invert: "invert",
    ast.UAdd: "pos",
    ast.USub: "neg",
}
_COMPARISONS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_COMPREHENSIONS: dict[type[ast.AST], str] = {
    ast.ListComp: "list",
    ast.SetComp: "set",
    ast.GeneratorExp: "generator",
}
_DISPLAYS: dict[type[ast.AST], str] = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}


class TooDeep(Exception):  # noqa: N818 - it reads as what it says
    """The tree is nested too deeply to be lowered."""


def lower(tree: ast.Module, path: str, lines: Sequence[str] | None = None) -> ModuleFacts:
    """Lower the tree of a file to its facts.

    ``lines`` are the file's lines, split at newlines only (as flake8 and ``readlines`` do); without them columns stay
    in UTF-8 bytes, which differ from characters on lines that are not ASCII. Raises TooDeep. Call it from one thread
    at a time: a deep tree raises the interpreter's recursion limit for as long as it is lowered.
    """
    position = _position(lines or ())
    try:
        return _Lowering(position).module(tree, path)
    except RecursionError:
        pass
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(max(usual, DEEP))
    try:
        return _Lowering(position).module(tree, path)
    except RecursionError as error:
        raise TooDeep(path) from error
    finally:
        sys.setrecursionlimit(usual)


def _position(lines: Iterable[str]) -> Position:
    """The function that gives a node's place in characters; only lines that are not ASCII cost anything."""
    wide = {number: line.encode("utf-8", "surrogatepass") for number, line in enumerate(lines, 1) if not line.isascii()}
    if not wide:
        return _byte_position

    def column(line: int, offset: int) -> int:
        return len(wide[line][:offset].decode("utf-8", "replace")) if line in wide else offset

    def position(node: ast.AST) -> At:
        line, start, end_line, end = _byte_position(node)
        return line, column(line, start), end_line, column(end_line, end)

    return position


def _byte_position(node: ast.AST) -> At:
    at = _numbers(node)
    return (_LINES[at[0]], at[1], _LINES[at[2]], at[3]) if at[2] < len(_LINES) else at


def _begins_with_docstring(body: list[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


def _last_name(node: ast.expr) -> str:
    """``c`` of ``a.b.c``, ``a`` of ``a``, nothing of anything else."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


class _Lowering:
    """The state of one pass. ``scope`` is the innermost scope that evaluates what is being lowered."""

    __slots__ = (
        "calls",
        "classes",
        "expressions",
        "functions",
        "imports",
        "position",
        "scope",
        "statements",
        "walruses",
    )

    def __init__(self, position: Position) -> None:
        self.position = position
        self.scope = OpenScope(ModuleFacts(""))
        self.functions: list[Function] = []
        self.classes: list[ClassFact] = []
        self.calls: list[Any] = []
        self.walruses: list[Walrus] = []
        self.imports: list[Import | ImportFrom] = []
        self.expressions: dict[type[ast.AST], Callable[[Any], Expr]] = {
            getattr(ast, kind): getattr(self, method) for kind, method in _EXPRESSIONS.items() if hasattr(ast, kind)
        }
        self.statements: dict[type[ast.AST], Callable[[Any, Emit], None]] = {
            getattr(ast, kind): getattr(self, method) for kind, method in _STATEMENTS.items() if hasattr(ast, kind)
        }

    def module(self, tree: ast.Module, path: str) -> ModuleFacts:
        facts = ModuleFacts(path)
        self.scope = OpenScope(facts)
        facts.body = self.body(tree.body)
        facts.functions = tuple(self.functions)
        facts.classes = tuple(self.classes)
        facts.calls = tuple(self.calls)
        facts.exported = exported(facts.body)
        facts.walruses = tuple(self.walruses)
        facts.imports = tuple(self.imports)
        return facts

    # A comprehension rather than map(): a call from C would take C stack, and with it the depth that DEEP allows.
    def many(self, nodes: list[Any]) -> tuple[Expr, ...]:
        if not nodes:
            return ()
        table = self.expressions
        return tuple([table[type(node)](node) for node in nodes])

    def maybe(self, node: ast.expr | None) -> Expr | None:
        return None if node is None else self.expressions[type(node)](node)

    def one(self, node: ast.expr) -> Expr:
        return self.expressions[type(node)](node)

    # expressions

    def constant(self, node: ast.Constant) -> Expr:
        if node.value is Ellipsis:
            return Const(self.position(node), None, "ellipsis")
        return Const(self.position(node), node.value, "")

    def name(self, node: ast.Name) -> Expr:
        name = node.id
        self.scope.reads.add(name)
        return Name(self.position(node), name)

    def attribute(self, node: ast.Attribute) -> Expr:
        base = node.value
        return Attr(self.position(node), self.expressions[type(base)](base), node.attr)

    def call(self, node: ast.Call) -> Expr:
        calls, table = self.calls, self.expressions
        place = len(calls)
        calls.append(None)  # an outer call stands before the calls inside it
        func = node.func
        callee = table[type(func)](func)
        args = self.many(node.args)
        keywords = self.keywords(node.keywords) if node.keywords else ()
        call = Call(self.position(node), callee, args, keywords)
        calls[place] = (call, self.scope.record)
        return call

    def keywords(self, nodes: list[ast.keyword]) -> tuple[Keyword, ...]:
        table = self.expressions
        return tuple([Keyword(node.arg, table[type(node.value)](node.value)) for node in nodes])

    def subscript(self, node: ast.Subscript) -> Expr:
        return Index(self.position(node), self.one(node.value), self.one(node.slice))

    def slice(self, node: ast.Slice) -> Expr:
        return Slice(self.position(node), self.maybe(node.lower), self.maybe(node.upper), self.maybe(node.step))

    def starred(self, node: ast.Starred) -> Expr:
        return Starred(self.position(node), self.one(node.value))

    def display(self, node: ast.List | ast.Tuple | ast.Set) -> Expr:
        return Display(self.position(node), _DISPLAYS[type(node)], self.many(node.elts))

    def dictionary(self, node: ast.Dict) -> Expr:
        items = [(self.maybe(key), self.one(value)) for key, value in zip(node.keys, node.values, strict=True)]
        return DictDisplay(self.position(node), tuple(items))

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Expr:
        return self.rounds(node, _COMPREHENSIONS[type(node)], [node.elt])

    def dict_comprehension(self, node: ast.DictComp) -> Expr:
        return self.rounds(node, "dict", [node.key, node.value])

    def rounds(self, node: Any, kind: str, parts: list[ast.expr]) -> Expr:
        """A comprehension; its variables are its own, unlike what ``:=`` binds in it."""
        scope = self.scope
        bound, reads, scope.reads = scope.bound, scope.reads, set()
        own: set[str] = set()
        elements = self.many(parts)
        clauses = []
        for clause in node.generators:
            scope.bound = own
            target = self.target(clause.target)
            scope.bound = bound
            clauses.append(Clause(target, self.one(clause.iter), self.many(clause.ifs), bool(clause.is_async)))
        scope.reads = reads | (scope.reads - own)
        return Comprehension(self.position(node), kind, elements, tuple(clauses))

    def bool_operation(self, node: ast.BoolOp) -> Expr:
        return BoolOp(self.position(node), "and" if type(node.op) is ast.And else "or", self.many(node.values))

    def unary_operation(self, node: ast.UnaryOp) -> Expr:
        operand = self.one(node.operand)
        if type(node.op) is ast.Not:
            return Not(self.position(node), operand)
        return Operation(self.position(node), _OPERATORS[type(node.op)], (operand,))

    def binary_operation(self, node: ast.BinOp) -> Expr:
        return Operation(self.position(node), _OPERATORS[type(node.op)], (self.one(node.left), self.one(node.right)))

    def compare(self, node: ast.Compare) -> Expr:
        operands = (self.one(node.left), *self.many(node.comparators))
        return Compare(self.position(node), tuple([_COMPARISONS[type(op)] for op in node.ops]), operands)

    def if_expression(self, node: ast.IfExp) -> Expr:
        body = self.one(node.body)  # first, because the calls keep the order of the text
        return IfExpr(self.position(node), self.one(node.test), body, self.one(node.orelse))

    def walrus(self, node: ast.NamedExpr) -> Expr:
        self.scope.bound.add(node.target.id)
        name = Name(self.position(node.target), node.target.id)
        walrus = Walrus(self.position(node), name, self.one(node.value))
        if isinstance(self.scope.record, ModuleFacts):
            self.walruses.append(walrus)
        return walrus

    def await_(self, node: ast.Await) -> Expr:
        return Await(self.position(node), self.one(node.value))

    def yield_(self, node: ast.Yield) -> Expr:
        self.scope.yields = True
        return Yield(self.position(node), self.maybe(node.value))

    def yield_from(self, node: ast.YieldFrom) -> Expr:
        self.scope.yields = True
        return YieldFrom(self.position(node), self.one(node.value))

    def f_string(self, node: ast.JoinedStr) -> FString:
        parts: list[Expr] = []
        values: list[Any] = node.values
        for part in [value for value in values if value.value != ""]:  # some versions of Python add empty constants
            if type(part) is ast.Constant:
                parts.append(self.constant(part))
                continue
            shown = self.one(part.value)
            if part.conversion in (ord("r"), ord("a")):
                at = self.position(part.value)
                shown = Call(at, Name(at, "repr"), (shown,), ())
            parts.append(shown)
            if part.format_spec is not None:
                parts += self.f_string(part.format_spec).parts
        return FString(self.position(node), tuple(parts))

    def lambda_(self, node: ast.Lambda) -> Expr:
        function = self.open_function("<lambda>", node, (), False)
        function.parameters = self.parameters(node.args)
        outer = self.enter(function)
        function.body = (Return(self.position(node.body), self.one(node.body)),)
        self.leave(outer)
        return LambdaExpr(function.at, function)

    # targets and annotations

    def target(self, node: ast.expr) -> Expr:
        """Lower what is assigned to, and bind its names."""
        kind = type(node)
        if isinstance(node, ast.Name):
            self.scope.bound.add(node.id)
            return Name(self.position(node), node.id)
        if isinstance(node, ast.Tuple | ast.List):
            return Display(self.position(node), _DISPLAYS[kind], self.targets(node.elts))
        if isinstance(node, ast.Starred):
            return Starred(self.position(node), self.target(node.value))
        return self.expressions[kind](node)

    def targets(self, nodes: list[ast.expr]) -> tuple[Expr, ...]:
        return tuple([self.target(node) for node in nodes])

    def store(self, target: Expr, value: Expr, is_annotation: bool = False) -> None:
        """Note what the attributes of ``self`` are set to."""
        scope = self.scope
        match target, value:
            case Attr(_, Name(_, receiver), name), _ if receiver == scope.receiver:
                method = scope.record
                assert isinstance(method, Function) and isinstance(method.owner, ClassFact)
                method.owner.self_stores.setdefault(name, []).append((method, value, is_annotation))
            case Display(_, _, targets), Display(_, "list" | "tuple", values) if len(targets) == len(values):
                if not any(isinstance(item, Starred) for item in (*targets, *values)):
                    for inner_target, inner_value in zip(targets, values, strict=True):
                        self.store(inner_target, inner_value)

    def annotation(self, node: ast.expr) -> Expr:
        """Lower an annotation, with the strings in it parsed."""
        match node:
            case ast.Constant(value=str(text)):
                return self.quoted(node, text)
            case ast.Subscript() if (generic := _last_name(node.value)) != "Literal":
                if generic == "Annotated" and isinstance(node.slice, ast.Tuple) and node.slice.elts:
                    first, *rest = node.slice.elts
                    items = (self.annotation(first), *self.many(rest))
                    key: Expr = Display(self.position(node.slice), "tuple", items)
                    return Index(self.position(node), self.one(node.value), key)
                return Index(self.position(node), self.one(node.value), self.annotation(node.slice))
            case ast.Tuple() | ast.List():
                items = tuple([self.annotation(item) for item in node.elts])
                return Display(self.position(node), _DISPLAYS[type(node)], items)
            case ast.BinOp(op=ast.BitOr()):
                return Operation(self.position(node), "or", (self.annotation(node.left), self.annotation(node.right)))
        return self.one(node)

    def quoted(self, node: ast.Constant, written: str) -> Expr:
        """Lower a string annotation, every part at the string's place; text that is no type stays a constant."""
        at = self.position(node)
        text = written.strip()
        if text.isidentifier() and not keyword.iskeyword(text):
            self.scope.reads.add(text)
            return Name(at, text)
        # Only the characters of a type: the parser warns about some other texts, and calls in them are never made.
        if not _TYPE_TEXT.fullmatch(text):
            return Const(at, written)
        try:
            inner = ast.parse(text, mode="eval").body
        except SyntaxError:
            return Const(at, written)
        position, self.position = self.position, lambda _: at
        try:
            return self.annotation(inner)
        finally:
            self.position = position

    # statements: each one hands the records it makes to emit

    def block(self, nodes: list[ast.stmt]) -> Block:
        if not nodes:
            return ()
        statements: list[Stmt] = []
        emit, table = statements.append, self.statements
        for node in nodes:
            table[type(node)](node, emit)
        return tuple(statements)

    def body(self, nodes: list[ast.stmt]) -> Block:
        """The block of a scope, without its docstring."""
        return self.block(nodes[1:] if _begins_with_docstring(nodes) else nodes)

    def evaluate(self, node: ast.Expr, emit: Emit) -> None:
        value = self.one(node.value)
        # Most statements of an expression are as long as it is: one position serves both.
        at = self.position(node)
        emit(Evaluate(value.at if value.at == at else at, value))

    def assign(self, node: ast.Assign, emit: Emit) -> None:
        targets = self.targets(node.targets)
        value = self.one(node.value)
        if self.scope.receiver is not None:
            for target in targets:
                self.store(target, value)
        emit(Assign(self.position(node), targets, value))

    def annotate(self, node: ast.AnnAssign, emit: Emit) -> None:
        target, annotation = self.target(node.target), self.annotation(node.annotation)
        value = self.maybe(node.value)
        if self.scope.receiver is not None:
            self.store(target, annotation, True)
            if value is not None:
                self.store(target, value)
        emit(Annotate(self.position(node), target, annotation, value))

    def augment(self, node: ast.AugAssign, emit: Emit) -> None:
        emit(Augment(self.position(node), self.target(node.target), _OPERATORS[type(node.op)], self.one(node.value)))

    def type_alias(self, node: Any, emit: Emit) -> None:
        emit(Assign(self.position(node), (self.target(node.name),), self.one(node.value)))

    def delete(self, node: ast.Delete, emit: Emit) -> None:
        emit(Delete(self.position(node), self.targets(node.targets)))

    def return_(self, node: ast.Return, emit: Emit) -> None:
        emit(Return(self.position(node), self.maybe(node.value)))

    def raise_(self, node: ast.Raise, emit: Emit) -> None:
        emit(Raise(self.position(node), self.maybe(node.exc), self.maybe(node.cause)))

    def assert_(self, node: ast.Assert, emit: Emit) -> None:
        emit(Assert(self.position(node), self.one(node.test), self.maybe(node.msg)))

    def if_(self, node: ast.If, emit: Emit) -> None:
        emit(If(self.position(node), self.one(node.test), self.block(node.body), self.block(node.orelse)))

    def while_(self, node: ast.While, emit: Emit) -> None:
        emit(While(self.position(node), self.one(node.test), self.block(node.body), self.block(node.orelse)))

    def for_(self, node: ast.For | ast.AsyncFor, emit: Emit) -> None:
        target, iterable = self.target(node.target), self.one(node.iter)
        body, orelse = self.block(node.body), self.block(node.orelse)
        emit(For(self.position(node), target, iterable, body, orelse, type(node) is ast.AsyncFor))

    def try_(self, node: ast.Try | ast.TryStar, emit: Emit) -> None:
        body = self.block(node.body)
        handlers = tuple([self.handler(handler) for handler in node.handlers])
        orelse, final = self.block(node.orelse), self.block(node.finalbody)
        emit(Try(self.position(node), body, handlers, orelse, final, type(node) is ast.TryStar))

    def handler(self, node: ast.ExceptHandler) -> Handler:
        if node.name is not None:
            self.scope.bound.add(node.name)
        return Handler(self.position(node), self.maybe(node.type), node.name, self.block(node.body))

    def with_(self, node: ast.With | ast.AsyncWith, emit: Emit) -> None:
        items = tuple([self.with_item(item) for item in node.items])
        emit(With(self.position(node), items, self.block(node.body), type(node) is ast.AsyncWith))

    def with_item(self, node: ast.withitem) -> WithItem:
        manager = self.one(node.context_expr)
        if node.optional_vars is None:
            return WithItem(manager, None)
        target = self.target(node.optional_vars)
        if self.scope.receiver is not None and isinstance(target, Attr):
            self.store(target, manager)
        return WithItem(manager, target)

    def match(self, node: ast.Match, emit: Emit) -> None:
        subject = self.one(node.subject)
        emit(Match(self.position(node), subject, tuple([self.case(case) for case in node.cases])))

    def case(self, node: ast.match_case) -> Case:
        values: list[Expr] = []
        names: dict[str, None] = {}  # the arms of an or-pattern bind the same names
        pattern, matches = self.pattern(node.pattern, values, names)
        self.scope.bound.update(names)
        at = self.position(node.pattern)[:2] + self.position(node.body[-1])[2:]
        guard, body = self.maybe(node.guard), self.block(node.body)
        return Case(at, tuple(values), tuple(names), guard, body, matches and node.guard is None, pattern)

    def pattern(self, node: Any, values: list[Expr], names: dict[str, None]) -> tuple[Pattern, bool]:
        """A pattern, and whether it is sure to match; the values that it compares with and its names are gathered."""
        kind: str
        name: str | None = None
        value: Expr | None = None
        keys: tuple[Any, ...] = ()
        inner: list[ast.pattern] = []
        match node:
            case ast.MatchValue():
                kind, value = "value", self.one(node.value)
            case ast.MatchSingleton():
                kind, value = "value", Const(self.position(node), node.value)
            case ast.MatchMapping():
                values += self.many(node.keys)
                keys = tuple([key.value if isinstance(key, ast.Constant) else None for key in node.keys])
                kind, inner, name = "mapping", node.patterns, node.rest
            case ast.MatchClass():
                kind, value, keys = "class", self.one(node.cls), tuple(node.kwd_attrs)
                inner = node.patterns + node.kwd_patterns
            case ast.MatchStar():
                kind, name = "star", node.name
            case ast.MatchAs():
                kind, inner, name = "as", [node.pattern] if node.pattern is not None else [], node.name
            case ast.MatchOr():
                kind, inner = "or", node.patterns
            case _:
                kind, inner = "sequence", node.patterns
        if value is not None:
            values.append(value)
        parts = [self.pattern(part, values, names) for part in inner]
        if name is not None:
            names[name] = None
        sure = all(matches for _, matches in parts) if kind == "as" else any(m for _, m in parts) and kind == "or"
        return Pattern(kind, name, value, tuple([part for part, _ in parts]), keys), sure

    def import_(self, node: ast.Import, emit: Emit) -> None:
        at = self.position(node)
        for alias in node.names:
            self.scope.bound.add(alias.asname or alias.name.partition(".")[0])
            stmt = Import(at, alias.name, alias.asname)
            self.imports.append(stmt)
            emit(stmt)

    def import_from(self, node: ast.ImportFrom, emit: Emit) -> None:
        names = tuple([(alias.name, alias.asname or alias.name) for alias in node.names])
        self.scope.bound.update([bound for _, bound in names if bound != "*"])
        stmt = ImportFrom(self.position(node), node.module or "", node.level, names)
        self.imports.append(stmt)
        emit(stmt)

    def global_(self, node: ast.Global, _emit: Emit) -> None:
        self.scope.global_names.update(node.names)

    def nonlocal_(self, node: ast.Nonlocal, _emit: Emit) -> None:
        self.scope.nonlocal_names.update(node.names)

    def pass_(self, _node: ast.Pass, _emit: Emit) -> None:
        """Nothing happens, so nothing is recorded."""

    def break_(self, node: ast.Break, emit: Emit) -> None:
        emit(Break(self.position(node)))

    def continue_(self, node: ast.Continue, emit: Emit) -> None:
        emit(Continue(self.position(node)))

    # definitions: what stands around the body is lowered before its scope is entered

    def define(self, node: Definition, emit: Emit) -> None:
        self.scope.bound.add(node.name)
        decorators = self.many(node.decorator_list)
        function = self.open_function(node.name, node, decorators, type(node) is ast.AsyncFunctionDef)
        function.parameters = self.parameters(node.args)
        if node.returns is not None:
            function.returns = self.annotation(node.returns)
        receiver = None
        if isinstance(function.owner, ClassFact):
            function.owner.functions[node.name] = function
            first = function.parameters[:1]
            if first and first[0].kind == "positional" and "staticmethod" not in map(_last_name, node.decorator_list):
                receiver = first[0].name
        outer = self.enter(function, receiver)
        function.body = self.body(node.body)
        self.leave(outer)
        emit(Define(function.at, function))

    def define_class(self, node: ast.ClassDef, emit: Emit) -> None:
        self.scope.bound.add(node.name)
        decorators = self.many(node.decorator_list)
        owner = self.scope.record
        bases, keywords = self.many(node.bases), self.keywords(node.keywords)
        at, qualname = self.position(node), self.qualified(node.name)
        klass = ClassFact(node.name, qualname, at, bases, keywords, (), decorators, owner=owner)
        self.classes.append(klass)
        outer = self.enter(klass)
        klass.body = self.body(node.body)
        self.leave(outer)
        emit(DefineClass(at, klass))

    def open_function(
        self, name: str, node: Definition | ast.Lambda, decorators: tuple[Expr, ...], is_async: bool
    ) -> Function:
        at, qualname = self.position(node), self.qualified(name)
        function = Function(name, qualname, at, (), (), decorators, is_async=is_async, owner=self.scope.record)
        self.functions.append(function)
        return function

    def qualified(self, name: str) -> str:
        owner = self.scope.record
        return name if isinstance(owner, ModuleFacts) else f"{owner.qualname}.{name}"

    def enter(self, record: Function | ClassFact, receiver: str | None = None) -> OpenScope:
        """Open a scope; returns the one around it, to be given to leave."""
        outer, self.scope = self.scope, OpenScope(record, receiver)
        if isinstance(record, Function):
            self.scope.bound.update([parameter.name for parameter in record.parameters])
        return outer

    def leave(self, outer: OpenScope) -> None:
        self.scope.close(outer)
        self.scope = outer

    def parameters(self, node: ast.arguments) -> tuple[Parameter, ...]:
        usual = node.posonlyargs + node.args
        defaults: list[ast.expr | None] = [None] * (len(usual) - len(node.defaults))
        defaults += node.defaults
        parameters = [self.parameter(arg, "positional", default) for arg, default in zip(usual, defaults, strict=True)]
        if node.vararg is not None:
            parameters.append(self.parameter(node.vararg, "args", None))
        for arg, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
            parameters.append(self.parameter(arg, "keyword", default))
        if node.kwarg is not None:
            parameters.append(self.parameter(node.kwarg, "kwargs", None))
        return tuple(parameters)

    def parameter(self, node: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        annotation = None if node.annotation is None else self.annotation(node.annotation)
        return Parameter(node.arg, kind, self.maybe(default), annotation)


_EXPRESSIONS = {
    "Attribute": "attribute",
    "Await": "await_",
    "BinOp": "binary_operation",
    "BoolOp": "bool_operation",
    "Call": "call",
    "Compare": "compare",
    "Constant": "constant",
    "Dict": "dictionary",
    "DictComp": "dict_comprehension",
    "GeneratorExp": "comprehension",
    "IfExp": "if_expression",
    "JoinedStr": "f_string",
    "Lambda": "lambda_",
    "List": "display",
    "ListComp": "comprehension",
    "Name": "name",
    "NamedExpr": "walrus",
    "Set": "display",
    "SetComp": "comprehension",
    "Slice": "slice",
    "Starred": "starred",
    "Subscript": "subscript",
    "TemplateStr": "f_string",
    "Tuple": "display",
    "UnaryOp": "unary_operation",
    "Yield": "yield_",
    "YieldFrom": "yield_from",
}
_STATEMENTS = {
    "AnnAssign": "annotate",
    "Assert": "assert_",
    "Assign": "assign",
    "AsyncFor": "for_",
    "AsyncFunctionDef": "define",
    "AsyncWith": "with_",
    "AugAssign": "augment",
    "Break": "break_",
    "ClassDef": "define_class",
    "Continue": "continue_",
    "Delete": "delete",
    "Expr": "evaluate",
    "For": "for_",
    "FunctionDef": "define",
    "Global": "global_",
    "If": "if_",
    "Import": "import_",
    "ImportFrom": "import_from",
    "Match": "match",
    "Nonlocal": "nonlocal_",
    "Pass": "pass_",
    "Raise": "raise_",
    "Return": "return_",
    "Try": "try_",
    "TryStar": "try_",
    "TypeAlias": "type_alias",
    "While": "while_",
    "With": "with_",
}
