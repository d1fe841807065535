"""The store's journal and the binding tables, below the interpreter."""

from __future__ import annotations

import ast
from random import Random
from textwrap import dedent

import pytest

from flake8_django_threads.facts.lower import lower
from flake8_django_threads.values.bindings import bindings, current, is_certain
from flake8_django_threads.values.domain import Cell, Vals, const, join
from flake8_django_threads.values.store import Delta, Store

A, B, C = (("frame", name) for name in "abc")
ONE, TWO, THREE = const(1), const(2), const(3)


def test_a_cell_holds_what_was_set_last() -> None:
    store = Store()
    assert store.get(A) is None
    store.set(A, ONE)
    store.set(A, TWO)
    assert store.get(A) == store.peek(A) == TWO
    store.add(A, ONE)
    store.add(B, ONE)
    assert store.get(A) == join((ONE, TWO))
    assert store.get(B) == ONE


def test_the_base_shows_through_and_is_not_changed() -> None:
    store = Store()
    store.base[A] = ONE
    store.enter()
    store.set(A, TWO)
    assert store.peek(A) == TWO
    assert store.leave() == {A: TWO}
    assert store.get(A) == store.base[A] == ONE


def test_leaving_an_arm_restores_what_was_there() -> None:
    store = Store()
    store.set(A, ONE)
    store.enter()
    store.set(A, TWO)
    store.set(A, THREE)
    store.set(B, ONE)
    assert store.since(1) == {A: THREE, B: ONE}
    assert store.leave() == {A: THREE, B: ONE}
    assert store.get(A) == ONE
    assert store.get(B) is None


def test_merging_one_arm_replaces_and_several_join_with_what_was_there() -> None:
    store = Store()
    store.set(A, ONE)
    assert store.merge([{A: TWO}]) is True
    assert store.get(A) == TWO
    assert store.merge([{A: TWO}]) is False
    assert store.merge([{A: THREE}, {}]) is True
    assert store.get(A) == join((TWO, THREE))
    assert store.merge([{B: ONE}, {C: TWO}]) is False
    assert (store.get(B), store.get(C)) == (ONE, TWO)
    assert store.merge([{A: THREE}, {A: TWO}]) is False
    assert store.merge([]) is False


@pytest.mark.parametrize("seed", range(40))
def test_nested_arms_equal_copies_of_the_store(seed: int) -> None:
    """Run random branches with the journal, and with plain copies of a dictionary."""
    random = Random(seed)
    store = Store()

    def branch(state: dict[Cell, Vals], depth: int) -> dict[Cell, Vals]:
        for _ in range(random.randrange(4)):
            cell, vals = random.choice((A, B, C)), random.choice((ONE, TWO, THREE))
            if depth and random.random() < 0.4:
                deltas: list[Delta] = []
                ends = []
                for _ in range(random.randrange(2, 4)):
                    store.enter()
                    ends.append(branch(dict(state), depth - 1))
                    deltas.append(store.leave())
                store.merge(deltas)
                state = {c: join([end[c] for end in ends if c in end]) for c in {c for end in ends for c in end}}
            else:
                store.set(cell, vals)
                state[cell] = vals
            assert {c: held for c in (A, B, C) if (held := store.peek(c)) is not None} == state
        return state

    branch({}, 3)


def test_a_recorder_keeps_what_was_read_before_it_was_written() -> None:
    store = Store()
    store.set(A, ONE)
    store.record()
    store.enter()
    store.get(A)
    store.set(A, TWO)
    store.get(A)
    store.set(B, ONE)
    store.get(B)
    store.get(C)
    assert store.recorded() == {A: ONE, C: None}
    assert store.leave() == {A: TWO, B: ONE}


def test_what_a_callee_read_its_caller_read_too() -> None:
    store = Store()
    store.set(A, ONE)
    store.record()
    store.enter()
    store.set(B, TWO)
    store.record()
    store.enter()
    store.get(A)
    store.get(B)
    store.leave()
    assert store.recorded() == {A: ONE, B: TWO}
    store.replay({C: THREE, A: TWO})
    assert store.recorded() == {A: ONE, C: THREE}
    store.replay({A: ONE})
    assert store.recorders == []


def table(source: str) -> dict[str, list[tuple[str, bool]]]:
    source = dedent(source)
    facts = lower(ast.parse(source), "a.py", source.split("\n"))
    found = bindings(facts.body, facts.walruses)
    return {name: [(one.kind, is_certain(one)) for one in ways] for name, ways in found.names.items()}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1", {"a": [("value", True)]}),
        ("a = b = 1", {"a": [("value", True)], "b": [("value", True)]}),
        ("a, b = 1, 2", {"a": [("value", True)], "b": [("value", True)]}),
        ("a, b = c", {"a": [("part", True)], "b": [("part", True)]}),
        ("a, *b = 1, 2, 3", {"a": [("part", True)], "b": [("part", True)]}),
        ("(a, (b, c)) = x", {"a": [("part", True)], "b": [("part", True)], "c": [("part", True)]}),
        ("a: int", {"a": [("annotation", False)]}),
        ("a: int = 1", {"a": [("value", True)]}),
        ("a += 1", {"a": [("value", False)]}),
        ("a.b = 1\na[0] = 1\na.b += 1\na.b: int = 1", {}),
        ("def f(): a = 1", {"f": [("define", True)]}),
        ("class C: a = 1", {"C": [("class", True)]}),
        ("import a.b\nimport c.d as e", {"a": [("import", True)], "e": [("import", True)]}),
        ("from a import b, c as d", {"b": [("from", True)], "d": [("from", True)]}),
        ("if x:\n    a = 1\nelse:\n    b = 1", {"a": [("value", False)], "b": [("value", False)]}),
        ("while x:\n    a = 1\nelse:\n    b = 1", {"a": [("value", False)], "b": [("value", False)]}),
        (
            "for a in x:\n    b = 1\nelse:\n    c = 1",
            {"a": [("element", False)], "b": [("value", False)], "c": [("value", False)]},
        ),
        (
            "try:\n    a = 1\nexcept E:\n    b = 1\nelse:\n    c = 1\nfinally:\n    d = 1",
            {"a": [("value", False)], "b": [("value", False)], "c": [("value", False)], "d": [("value", True)]},
        ),
        ("with x as a, y:\n    b = 1", {"a": [("enter", True)], "b": [("value", True)]}),
        ("match x:\n    case 1:\n        a = 1", {"a": [("value", False)]}),
        ("(a := 1)", {"a": [("value", False)]}),
        ("@property\ndef a(self): pass\n@a.setter\ndef a(self, v): pass", {"a": [("define", True)]}),
    ],
)
def test_what_binds_a_name(source: str, expected: dict[str, list[tuple[str, bool]]]) -> None:
    assert table(source) == expected


def test_star_imports_are_kept_apart() -> None:
    source = "from a import *\nfrom .b import *"
    found = bindings(lower(ast.parse(source), "a.py", source.split("\n")).body)
    assert [(star.module, star.level, sure) for star, sure in found.stars] == [("a", 0, True), ("b", 1, True)]
    assert found.names == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("a = 1\na = 2", [2]),
        ("a = 1\nif x:\n    a = 2", [1, 3]),
        ("if x:\n    a = 1\nelse:\n    a = 2", [2, 4]),
        ("a = 1\na: int", [1, 2]),
        ("if x:\n    a = 1\na = 2\nif y:\n    a = 3", [3, 5]),
    ],
)
def test_the_current_bindings_begin_with_the_last_certain_one(source: str, lines: list[int]) -> None:
    ways = bindings(lower(ast.parse(source), "a.py", source.split("\n")).body).names["a"]
    assert [way.stmt.at[0] for way in current(ways) if way.stmt is not None] == lines
