"""Places in a file: line and column count, in this order, and a place is held where it begins."""

from __future__ import annotations

import ast

import pytest

from flake8_django_threads.facts.lower import lower
from flake8_django_threads.facts.places import begin, holds, innermost, whole
from flake8_django_threads.facts.records import At

BLOCK = (3, 4, 7, 9)


@pytest.mark.parametrize(
    ("inner", "held"),
    [
        (BLOCK, True),
        ((3, 3, 3, 9), False),
        ((3, 4, 3, 5), True),
        ((2, 9, 3, 9), False),
        ((5, 0, 5, 1), True),
        ((5, 0, 9, 9), True),
        ((5, 50, 5, 51), True),
        ((7, 9, 7, 10), True),
        ((7, 10, 7, 11), False),
        ((8, 0, 8, 1), False),
    ],
)
def test_what_a_place_holds(inner: At, held: bool) -> None:
    assert holds(BLOCK, inner) == held


def test_where_a_place_begins() -> None:
    assert begin(BLOCK) == (3, 4)
    assert begin((3, 4, 3, 5)) == begin(BLOCK)


SOURCE = """\
a = 1
def f():
    b = 2; c = 3
    def g():
        lambda: d
    e = 4
def h():
    pass
"""


def test_the_place_of_a_block() -> None:
    module = lower(ast.parse(SOURCE), "module.py", SOURCE.splitlines(keepends=True))
    f, g = module.functions[:2]
    assert whole(f.body) == (3, 4, 6, 9)
    assert whole(g.body) == g.body[0].at


@pytest.mark.parametrize(
    ("line", "col", "name"),
    [(1, 0, ""), (2, 0, "f"), (3, 11, "f"), (4, 4, "g"), (5, 8, "<lambda>"), (6, 4, "f"), (8, 4, "h"), (9, 0, "")],
)
def test_the_innermost_function_around_a_place(line: int, col: int, name: str) -> None:
    module = lower(ast.parse(SOURCE), "module.py", SOURCE.splitlines(keepends=True))
    found = innermost(module.functions, (line, col, line, col + 1))
    assert (found.name if found else "") == name
