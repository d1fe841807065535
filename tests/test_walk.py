"""Walks over the records: which statements, words and parts are met, and where a walk stops."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from flake8_django_threads.effects.explore import outermost
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.lower import lower
from flake8_django_threads.facts.walk import callee, expressions_in, in_function, last_name, statements, words


def facts(source: str) -> r.ModuleFacts:
    source = dedent(source)
    return lower(ast.parse(source), "module.py", source.splitlines(keepends=True))


def expression(source: str) -> r.Expr:
    (found,) = facts(source).body
    assert isinstance(found, r.Evaluate)
    return found.value


def test_statements_are_met_in_source_order_in_every_block() -> None:
    module = facts("""\
        if a1:
            a2
        elif a3:
            a4
        else:
            a5
        while a6:
            a7
        else:
            a8
        for a9 in b:
            a10
        else:
            a11
        with a12:
            a13
        try:
            a14
        except ValueError:
            a15
        except KeyError:
            a16
        else:
            a17
        finally:
            a18
        match a19:
            case 1:
                a20
            case _:
                a21
        a22
        """)
    met = [stmt.value.id for stmt in statements(module.body) if isinstance(stmt, r.Evaluate)]  # type: ignore[union-attr]
    numbers = (2, 4, 5, 7, 8, 10, 11, 13, 14, 15, 16, 17, 18, 20, 21, 22)
    assert met == [f"a{number}" for number in numbers]
    assert [stmt.at[0] for stmt in statements(module.body)] == sorted(stmt.at[0] for stmt in statements(module.body))


def test_statements_of_inner_functions_and_classes_are_their_own() -> None:
    module = facts("def f():\n    inner\nclass C:\n    inner\nlast\n")
    assert [type(stmt) for stmt in statements(module.body)] == [r.Define, r.DefineClass, r.Evaluate]


def test_words_are_names_attributes_and_texts() -> None:
    module = facts("a.b(c, k='text', n=1, **d)[e:f] if not g else b'bytes'\nlambda: h\ndef f(): inner\n")
    assert words(module.body) == {"a", "b", "c", "text", "d", "e", "f", "g"}
    assert words(()) == set()


def test_the_parts_of_an_expression() -> None:
    whole = expression("a(b.c, lambda: d)")
    parts = list(expressions_in(whole))
    assert parts[0] is whole
    assert {part.id for part in parts if isinstance(part, r.Name)} == {"a", "b"}
    assert [part.name for part in parts if isinstance(part, r.Attr)] == ["c"]


@pytest.mark.parametrize(
    ("source", "last", "called"),
    [
        ("a", "a", "a"),
        ("a.b.c", "c", "c"),
        ("a()", "", "a"),
        ("a.b(1)", "", "b"),
        ("a()()", "", ""),
        ("a().b", "b", "b"),
        ("a[0]", "", ""),
        ("1", "", ""),
    ],
)
def test_the_last_name(source: str, last: str, called: str) -> None:
    assert last_name(expression(source)) == last
    assert last_name(callee(expression(source))) == called


NESTED = """\
    at_module()

    class Outer:
        in_class()

        class Inner:
            in_inner_class()

            def method(self):
                in_method()

                class Local:
                    in_local_class()

                def inner():
                    lambda: in_lambda()
    """


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("at_module", ""),
        ("in_class", ""),
        ("in_inner_class", ""),
        ("in_method", "Outer.Inner.method"),
        ("in_local_class", "Outer.Inner.method"),
        ("in_lambda", "Outer.Inner.method"),
    ],
)
def test_the_outermost_function_around_a_call(name: str, root: str) -> None:
    module = facts(NESTED)
    (scope,) = (scope for call, scope in module.calls if last_name(call.func) == name)
    found = outermost(scope)
    assert found is module if not root else isinstance(found, r.Function) and found.qualname == root
    assert in_function(scope) == bool(root)


def test_no_scope_is_in_no_function() -> None:
    assert not in_function(None)
