"""What a module is lowered to: every kind of statement and expression, the names of scopes, calls, positions."""

from __future__ import annotations

import ast
import pickle
import random
import sys
import sysconfig
import warnings
from collections import Counter
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flake8_django_threads.facts import lower as lowering
from flake8_django_threads.facts import records
from flake8_django_threads.facts.lower import TooDeep, lower
from flake8_django_threads.facts.records import (
    Annotate,
    ClassFact,
    Const,
    Evaluate,
    Function,
    Import,
    ModuleFacts,
    Name,
    Return,
    Try,
)


def facts(source: str) -> ModuleFacts:
    source = dedent(source)
    return lower(ast.parse(source), "module.py", source.split("\n"))


def show(record: Any) -> Any:
    """A record as nested tuples that begin with its kind, without positions; a scope is its qualified name."""
    match record:
        case Const(_, value, kind):
            return kind or value
        case Name(_, name):
            return f"<{name}>"
        case Function() | ClassFact():
            return record.qualname
        case ModuleFacts():
            return record.path
        case tuple():
            named = getattr(record, "_fields", None)
            if named is None:
                return tuple(show(item) for item in record)
            return (type(record).__name__, *[show(i) for n, i in zip(named, record, strict=True) if n != "at"])
    return record


def statement(source: str) -> Any:
    (record,) = facts(source).body
    return show(record)


def expression(source: str) -> Any:
    (record,) = facts(f"({source})").body
    assert isinstance(record, Evaluate)
    return show(record.value)


def function(source: str, name: str = "f") -> Function:
    return next(f for f in facts(source).functions if f.qualname == name)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1", 1),
        ("b'x'", b"x"),
        ("None", None),
        ("...", "ellipsis"),
        ("a", "<a>"),
        ("a.b", ("Attr", "<a>", "b")),
        ("a[1]", ("Index", "<a>", 1)),
        ("a[1:]", ("Index", "<a>", ("Slice", 1, None, None))),
        ("a[:2:3]", ("Index", "<a>", ("Slice", None, 2, 3))),
        ("a[1:2, 3]", ("Index", "<a>", ("Display", "tuple", (("Slice", 1, 2, None), 3)))),
        ("f()", ("Call", "<f>", (), ())),
        (
            "f(a, *b, k=c, **d)",
            ("Call", "<f>", ("<a>", ("Starred", "<b>")), (("Keyword", "k", "<c>"), ("Keyword", None, "<d>"))),
        ),
        ("[a, 1]", ("Display", "list", ("<a>", 1))),
        ("()", ("Display", "tuple", ())),
        ("{a}", ("Display", "set", ("<a>",))),
        ("{1: a, **b}", ("DictDisplay", ((1, "<a>"), (None, "<b>")))),
        ("lambda: 1", ("LambdaExpr", "<lambda>")),
        (
            "[a for a in b if c if d]",
            ("Comprehension", "list", ("<a>",), (("Clause", "<a>", "<b>", ("<c>", "<d>"), False),)),
        ),
        ("{a for a in b}", ("Comprehension", "set", ("<a>",), (("Clause", "<a>", "<b>", (), False),))),
        ("{a: 1 for a in b}", ("Comprehension", "dict", ("<a>", 1), (("Clause", "<a>", "<b>", (), False),))),
        (
            "(a async for a in b for c in d)",
            (
                "Comprehension",
                "generator",
                ("<a>",),
                (("Clause", "<a>", "<b>", (), True), ("Clause", "<c>", "<d>", (), False)),
            ),
        ),
        ("a and b and c", ("BoolOp", "and", ("<a>", "<b>", "<c>"))),
        ("a or b", ("BoolOp", "or", ("<a>", "<b>"))),
        ("not a", ("Not", "<a>")),
        ("-a", ("Operation", "neg", ("<a>",))),
        ("a @ b", ("Operation", "matmul", ("<a>", "<b>"))),
        ("a | b & c", ("Operation", "or", ("<a>", ("Operation", "and", ("<b>", "<c>"))))),
        ("a < b is not c not in d", ("Compare", ("<", "is not", "not in"), ("<a>", "<b>", "<c>", "<d>"))),
        ("a if b else c", ("IfExpr", "<b>", "<a>", "<c>")),
        ("a := 1", ("Walrus", "<a>", 1)),
        ("f'x{a!r:>{b}}y'", ("FString", ("x", ("Call", "<repr>", ("<a>",), ()), ">", "<b>", "y"))),
    ],
)
def test_each_expression_has_its_record(source: str, expected: object) -> None:
    assert expression(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a", ("Evaluate", "<a>")),
        ("a = b.c = 1", ("Assign", ("<a>", ("Attr", "<b>", "c")), 1)),
        ("a, *b = c", ("Assign", (("Display", "tuple", ("<a>", ("Starred", "<b>"))),), "<c>")),
        ("[a[0]] = c", ("Assign", (("Display", "list", (("Index", "<a>", 0),)),), "<c>")),
        ("a: int", ("Annotate", "<a>", "<int>", None)),
        ("a: int = 1", ("Annotate", "<a>", "<int>", 1)),
        ("a **= 1", ("Augment", "<a>", "pow", 1)),
        ("del a, b.c", ("Delete", ("<a>", ("Attr", "<b>", "c")))),
        ("raise", ("Raise", None, None)),
        ("raise a from b", ("Raise", "<a>", "<b>")),
        ("assert a, b", ("Assert", "<a>", "<b>")),
        ("if a: b\nelse: c", ("If", "<a>", (("Evaluate", "<b>"),), (("Evaluate", "<c>"),))),
        ("while a: break\nelse: b", ("While", "<a>", (("Break",),), (("Evaluate", "<b>"),))),
        ("for a in b: continue\nelse: c", ("For", "<a>", "<b>", (("Continue",),), (("Evaluate", "<c>"),), False)),
        (
            "try: a\nexcept (b, c) as d: d\nexcept: pass\nelse: e\nfinally: f",
            (
                "Try",
                (("Evaluate", "<a>"),),
                (
                    ("Handler", ("Display", "tuple", ("<b>", "<c>")), "d", (("Evaluate", "<d>"),)),
                    ("Handler", None, None, ()),
                ),
                (("Evaluate", "<e>"),),
                (("Evaluate", "<f>"),),
                False,
            ),
        ),
        (
            "with a, b as (c, d): e",
            (
                "With",
                (("WithItem", "<a>", None), ("WithItem", "<b>", ("Display", "tuple", ("<c>", "<d>")))),
                (("Evaluate", "<e>"),),
                False,
            ),
        ),
        ("import a.b", ("Import", "a.b", None)),
        ("import a.b as c", ("Import", "a.b", "c")),
        ("from ..a import b, c as d", ("ImportFrom", "a", 2, (("b", "b"), ("c", "d")))),
        ("from . import *", ("ImportFrom", "", 1, (("*", "*"),))),
        ("def f(): pass", ("Define", "f")),
        ("class C: pass", ("DefineClass", "C")),
    ],
)
def test_each_statement_has_its_record(source: str, expected: object) -> None:
    assert statement(source) == expected


def test_statements_of_coroutines_and_generators() -> None:
    f = function("async def f():\n async for a in b: yield\n async with c: await d\n return\n")
    assert show(f.body) == (
        ("For", "<a>", "<b>", (("Evaluate", ("Yield", None)),), (), True),
        ("With", (("WithItem", "<c>", None),), (("Evaluate", ("Await", "<d>")),), True),
        ("Return", None),
    )
    assert f.is_async and f.is_generator
    assert show(function("def f():\n return (yield from a)").body) == (("Return", ("YieldFrom", "<a>")),)


def test_exception_groups_are_marked() -> None:
    (record,) = facts("try: a\nexcept* b: c").body
    assert isinstance(record, Try) and record.is_star


def test_pass_global_and_nonlocal_leave_no_record() -> None:
    source = "def f():\n x = 1\n def g():\n  nonlocal x\n  global y\n  pass\n"
    inner = function(source, "f.g")
    assert inner.body == ()
    assert inner.nonlocal_names == {"x"}
    assert inner.global_names == {"y"}


@pytest.mark.parametrize(
    ("pattern", "values", "names", "irrefutable"),
    [
        ("1", (1,), (), False),
        ("a.b", (("Attr", "<a>", "b"),), (), False),
        ("None", (None,), (), False),
        ("_", (), (), True),
        ("x", (), ("x",), True),
        ("(1 | _) as x", (1,), ("x",), True),
        ("1 as x", (1,), ("x",), False),
        ("x if x", (), ("x",), False),
        ("[1, x, *rest]", (1,), ("x", "rest"), False),
        ("[x] | (x, _)", (), ("x",), False),
        ("{'k': x, **rest}", ("k",), ("x", "rest"), False),
        ("C(1, x, k=D())", ("<C>", 1, "<D>"), ("x",), False),
    ],
)
def test_match_arms(pattern: str, values: object, names: object, irrefutable: bool) -> None:
    f = function(f"def f():\n match s:\n  case {pattern}:\n   body\n")
    (match,) = f.body
    assert isinstance(match, records.Match) and show(match.subject) == "<s>"
    (case,) = match.cases
    assert (show(case.values), case.names, case.irrefutable) == (values, names, irrefutable)
    assert show(case.guard) == ("<x>" if " if " in pattern else None)
    assert show(case.body) == (("Evaluate", "<body>"),)
    assert case.at == (3, 7, 4, 7)
    assert f.local_names == set(case.names)


def test_a_type_statement_binds_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 12):
        tree = ast.parse("type A[T] = list[T]")
    else:
        node = type("TypeAlias", (ast.AnnAssign,), {})
        monkeypatch.setattr(ast, "TypeAlias", node, raising=False)
        tree = ast.parse("A = list[T]")
        (assign,) = tree.body
        assert isinstance(assign, ast.Assign)
        alias: Any = ast.copy_location(node(), assign)
        alias.name, alias.value = assign.targets[0], assign.value
        tree.body = [alias]
    assert show(lower(tree, "m.py").body) == (("Assign", ("<A>",), ("Index", "<list>", "<T>")),)


def test_type_parameters_leave_no_record() -> None:
    parameters = ("[T: g()]", "[*Ts]") if sys.version_info >= (3, 12) else ("", "")
    module = facts("def f{}(a: T): pass\nclass C{}: pass\n".format(*parameters))
    assert show(module.body) == (("Define", "f"), ("DefineClass", "C"))
    assert module.calls == () and module.functions[0].local_names == {"a"}


def test_scopes_compare_by_identity_and_are_keys() -> None:
    one, two = facts("class C:\n def f(self): pass\n"), facts("class C:\n def f(self): pass\n")
    scopes = [one, two, *one.classes, *two.classes, *one.functions, *two.functions]
    assert len(dict.fromkeys(scopes + scopes)) == 6


def test_docstrings_are_no_statements() -> None:
    module = facts("'module'\nclass C:\n 'class'\ndef f():\n '''text'''\n return 1\ndef g(): f'{x}'\n")
    assert [type(s).__name__ for s in module.body] == ["DefineClass", "Define", "Define"]
    assert module.classes[0].body == ()
    f, g = module.functions
    assert show(f.body) == (("Return", 1),)
    assert len(g.body) == 1


def test_parameters_in_order_with_defaults_and_annotations() -> None:
    f = function("def f(a, b: int = 1, /, c=2, *args: str, d, e=3, **kwargs) -> bool: pass")
    assert [(p.name, p.kind, show(p.default), show(p.annotation)) for p in f.parameters] == [
        ("a", "positional", None, None),
        ("b", "positional", 1, "<int>"),
        ("c", "positional", 2, None),
        ("args", "args", None, "<str>"),
        ("d", "keyword", None, None),
        ("e", "keyword", 3, None),
        ("kwargs", "kwargs", None, None),
    ]
    assert show(f.returns) == "<bool>"


def test_local_names_are_those_that_the_scope_binds() -> None:
    f = function(
        """
        def f(p, *q):
            a, (b, *c) = p
            d.attribute = 1
            e += 1
            for g in q: pass
            with x as h: pass
            try: pass
            except E as i: pass
            import j.jj, jk as k
            from m import n as o
            def r(): inner = 1
            class S: inner = 1
            if (t := 1): pass
            [u := v for w in q]
            del y
            z: int
            global a
        """
    )
    assert f.local_names == set("pqbceghijkorStuyz")
    assert f.global_names == {"a"}


def test_cell_names_are_locals_that_an_inner_scope_uses() -> None:
    source = """
    def f(a, b, c, d, e):
        used = only_here = shadowed = method = rebound = 1
        only_here
        def g(shadowed):
            shadowed, a, unknown
            def h(): return b
        class C:
            c, d = d, 1
            def m(self): return method
        def k():
            nonlocal rebound
            global e
            rebound = e
        (lambda: used)
    """
    f = function(source)
    assert f.cell_names == {"a", "b", "method", "rebound", "used"}
    assert function(source, "f.g").cell_names == frozenset()


def test_generators_are_told_from_the_scopes_around_them() -> None:
    source = "def f():\n def g():\n  yield\n h = lambda: (yield)\n"
    assert {f.qualname: f.is_generator for f in facts(source).functions} == {
        "f": False,
        "f.g": True,
        "f.<lambda>": True,
    }


def test_scopes_have_owners_and_qualified_names_in_source_order() -> None:
    module = facts(
        """
        class A:
            def m(self):
                def inner(): pass
                class B:
                    k = lambda self: 1
            if x:
                def m(self): pass
        v = lambda: (lambda: 1)
        """
    )
    names = ["A.m", "A.m.inner", "A.m.B.<lambda>", "A.m", "<lambda>", "<lambda>.<lambda>"]
    assert [f.qualname for f in module.functions] == names
    assert [c.qualname for c in module.classes] == ["A", "A.m.B"]
    a, b = module.classes
    first, inner, in_class, last, outer_lambda, inner_lambda = module.functions
    assert [f.owner for f in module.functions] == [a, first, b, a, module, outer_lambda]
    assert a.owner is module and b.owner is first
    assert a.functions == {"m": last}
    assert {inner.name, in_class.name, inner_lambda.name} == {"inner", "<lambda>"}
    assert isinstance(outer_lambda.body[0], Return)


def test_a_definition_begins_at_its_keyword_and_keeps_its_decorators() -> None:
    module = facts("@a\n@b(1)\nasync def f():\n  pass\n@c\nclass D(E, metaclass=M): pass\nx = lambda: 1\n")
    f, lam = module.functions
    assert f.at == (3, 0, 4, 6) and f.is_async
    assert show(f.decorators) == ("<a>", ("Call", "<b>", (1,), ()))
    assert lam.at == (7, 4, 7, 13)
    (d,) = module.classes
    assert d.at[:2] == (6, 0)
    assert show((d.decorators, d.bases, d.keywords)) == (("<c>",), ("<E>",), (("Keyword", "metaclass", "<M>"),))


def test_self_stores() -> None:
    module = facts(
        """
        class C:
            def __init__(this, a):
                this.a = alias = a
                if a:
                    this.b: "Model"
                    this.c: int = 1
                (this.d, [this.e, other]) = 1, (2, 3)
                this.f, *this.g = 1, 2
                this.h, this.i = a
                with open(a) as this.file, open(a) as (this.j, this.k): pass
                for this.l in a: pass
                other.m = this.n.m = this[0] = 1
                def nested(): this.o = 1
            @classmethod
            def make(cls): cls.a = 2
            @staticmethod
            def free(x): x.p = 1
            def nothing(*args): args.q = 1
            def keyword(*, self): self.r = 1
            def none(): pass
        def outside(self): self.s = 1
        """
    )
    (c,) = module.classes
    assert {name: [(f.name, show(v), kind) for f, v, kind in stores] for name, stores in c.self_stores.items()} == {
        "a": [("__init__", "<a>", False), ("make", 2, False)],
        "b": [("__init__", "<Model>", True)],
        "c": [("__init__", "<int>", True), ("__init__", 1, False)],
        "d": [("__init__", 1, False)],
        "e": [("__init__", 2, False)],
        "file": [("__init__", ("Call", "<open>", ("<a>",), ()), False)],
    }


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("'Model'", "<Model>"),
        ("' Model '", "<Model>"),
        ("'None'", None),
        ("'a.Model'", ("Attr", "<a>", "Model")),
        ("'list[Model]'", ("Index", "<list>", "<Model>")),
        ("'list[\"Model\"]'", ("Index", "<list>", "<Model>")),
        ("Optional['Model']", ("Index", "<Optional>", "<Model>")),
        ("'A' | None", ("Operation", "or", ("<A>", None))),
        ("Callable[['A'], 'B']", ("Index", "<Callable>", ("Display", "tuple", (("Display", "list", ("<A>",)), "<B>")))),
        ("Literal['a']", ("Index", "<Literal>", "a")),
        ("t.Annotated['A', 'a']", ("Index", ("Attr", "<t>", "Annotated"), ("Display", "tuple", ("<A>", "a")))),
        ("'two words'", "two words"),
        ("'f(x)'", "f(x)"),
        ("'m.S3Client'", ("Attr", "<m>", "S3Client")),
        ("'1if'", "1if"),
        ("'a[1if'", "a[1if"),
        ("''", ""),
    ],
)
def test_string_annotations_are_parsed_where_they_are_types(annotation: str, expected: object) -> None:
    module = facts(f"x: {annotation}\ndef f(a: {annotation}) -> {annotation}: pass\n")
    record = module.body[0]
    assert isinstance(record, Annotate)
    (f,) = module.functions
    assert show((record.annotation, f.parameters[0].annotation, f.returns)) == (expected,) * 3
    assert module.calls == ()


def test_a_parsed_annotation_stands_where_its_string_stands() -> None:
    (record,) = facts("x: 'list[Model]' = y").body
    assert isinstance(record, Annotate) and isinstance(record.annotation, records.Index)
    assert record.annotation.at == record.annotation.key.at == (1, 3, 1, 16)
    assert record.value is not None and record.value.at == (1, 19, 1, 20)


def test_calls_stand_in_source_order_with_the_scope_that_evaluates_them() -> None:
    module = facts(
        """
        @decorator()
        class C(base(), k=keyword()):
            in_class()
            @inner_decorator()
            def m(self, a: annotation() = default()) -> returns():
                outer(argument().method())
                return lambda x=lambda_default(): lambda_body()
        [element(e) for e in iterable()]
        body() if test() else orelse()
        """
    )

    def name(call: records.Call) -> str:
        return call.func.name if isinstance(call.func, records.Attr) else show(call.func).strip("<>")

    scopes = [(name(call), "" if scope is module else scope.qualname) for call, scope in module.calls]  # type: ignore[union-attr]
    assert scopes == [
        ("decorator", ""),
        ("base", ""),
        ("keyword", ""),
        ("in_class", "C"),
        ("inner_decorator", "C"),
        ("annotation", "C"),
        ("default", "C"),
        ("returns", "C"),
        ("outer", "C.m"),
        ("method", "C.m"),
        ("argument", "C.m"),
        ("lambda_default", "C.m"),
        ("lambda_body", "C.m.<lambda>"),
        ("element", ""),
        ("iterable", ""),
        ("body", ""),
        ("test", ""),
        ("orelse", ""),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1", None),
        ("__all__ = ['a', 'b']", ("a", "b")),
        ("__all__: list[str] = ['a']", ("a",)),
        ("__all__ = ('a',)\n__all__ += ('b',)", ("a", "b")),
        ("__all__ = ['a']\n__all__.extend(['b'])\n__all__.append('c')", ("a", "b", "c")),
        ("__all__ = []", ()),
        ("__all__ = ['a'] + b.__all__", None),
        ("__all__ = ['a', b]", None),
        ("__all__ = ['a']\n__all__ += b.__all__", None),
        ("__all__ = ['a']\n__all__.remove('a')", None),
        ("__all__ += ['a']", None),
    ],
)
def test_exported_names_are_those_of_a_literal_all(source: str, expected: object) -> None:
    assert facts(source).exported == expected


def test_columns_are_characters() -> None:
    source = "a = 'é', f(b)\nc = d\nè = '''\U0001f600\n→''', g(e)\n"
    module = lower(ast.parse(source), "m.py", source.split("\n"))
    assert [call.at for call, _ in module.calls] == [(1, 9, 1, 13), (4, 6, 4, 10)]
    first, second, third = module.body
    assert first.at == (1, 0, 1, 13)
    assert second.at == (2, 0, 2, 5)
    assert third.at == (3, 0, 4, 10)
    in_bytes = lower(ast.parse(source), "m.py")
    assert [call.at for call, _ in in_bytes.calls] == [(1, 10, 1, 14), (4, 8, 4, 12)]


def test_imports_of_one_statement_share_its_position() -> None:
    body = facts("import a, b.c as d").body
    assert [type(record) for record in body] == [Import, Import]
    assert {record.at for record in body} == {(1, 0, 1, 18)}


@pytest.mark.parametrize(
    "source",
    [
        "x = " + " + ".join(["f()"] * 500),
        "".join(f"{'el' if n else ''}if x == {n}: f()\n" for n in range(500)),
        "x" + ".f()" * 500,
    ],
    ids=["operators", "elif", "chain"],
)
def test_deep_trees_are_lowered_and_the_recursion_limit_is_given_back(source: str) -> None:
    usual = sys.getrecursionlimit()
    assert len(facts(source).calls) == 500
    assert sys.getrecursionlimit() == usual


def test_a_tree_beyond_the_limit_is_too_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lowering, "DEEP", 0)
    usual = sys.getrecursionlimit()
    tree: ast.expr = ast.Name("x", lineno=1, col_offset=0, end_lineno=1, end_col_offset=1)
    for _ in range(usual):
        tree = ast.Attribute(tree, "a", lineno=1, col_offset=0, end_lineno=1, end_col_offset=1)
    module = ast.Module([ast.Expr(tree, lineno=1, col_offset=0, end_lineno=1, end_col_offset=1)], [])
    with pytest.raises(TooDeep, match=r"deep\.py"):
        lower(module, "deep.py")
    assert sys.getrecursionlimit() == usual


def library_files() -> list[Path]:
    """Some 150 files of the running Python's library, always the same ones."""
    root = Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in root.rglob("*.py") if "site-packages" not in path.parts)
    return random.Random(0).sample(files, min(150, len(files)))


def outline(module: ModuleFacts) -> object:
    """What must survive pickling: everything but the identity of scopes and the order of sets."""
    functions = [(f.qualname, f.at, show(f.parameters), show(f.body), f.local_names) for f in module.functions]
    classes = [(c.qualname, c.at, show(c.body), list(c.functions), list(c.self_stores)) for c in module.classes]
    return module.path, show(module.body), functions, classes, show(module.calls), module.exported


def test_every_call_of_the_library_is_listed_once_and_the_facts_print_and_pickle() -> None:
    lowered = 0
    for path in library_files():
        try:
            source = path.read_text(encoding="utf-8")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source)
        except (SyntaxError, UnicodeDecodeError, ValueError):
            continue
        lines = source.split("\n")
        module = lower(tree, path.name, lines)
        assert [c.at[:2] for c, _ in module.calls] == sorted(c.at[:2] for c, _ in module.calls), path
        if source.isascii():
            found = Counter(call.at for call, _ in module.calls)
            nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
            assert found == Counter((n.lineno, n.col_offset, n.end_lineno, n.end_col_offset) for n in nodes), path
        again = pickle.loads(pickle.dumps(module))
        assert outline(again) == outline(module), path
        assert len(repr(module)) < 100 * len(source) + 1000, path
        lowered += 1
    assert lowered > 100
