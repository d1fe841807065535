"""What a test that is rolled back and its threads miss of each other: the rows that either of them writes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from flake8_django_threads.effects.evidence import Found, leaves
from flake8_django_threads.effects.explore import LIMITS, aside, outer_function, run_symbolically
from flake8_django_threads.effects.pytest_fixtures import fixtures_of
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import innermost
from flake8_django_threads.facts.walk import last_name, texts
from flake8_django_threads.project.store import Store
from flake8_django_threads.values import flow
from flake8_django_threads.values.domain import ClassValue
from flake8_django_threads.values.interpreter import Interpreter

DEPTH, STEPS = 4, 20_000
# What opens a connection and neither reads nor writes a row by itself.
_OPENING = frozenset({"atomic", "ensure_connection"})
_CURSOR = "cursor"
# What reads rows and writes none; anything else may write.
_READING = frozenset(
    {"get", "first", "last", "exists", "count", "objects", "aggregate", "latest", "earliest", "in_bulk", "contains"}
    | {"aget", "afirst", "alast", "aexists", "acount", "aaggregate", "alatest", "aearliest", "ain_bulk", "acontains"}
)
_SQL_WRITING = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "TRUNCATE", "COPY", "CALL", "DO", "EXECUTE"}
)
_SQL_READING = frozenset({"FROM", "JOIN", "TABLE"})
_SQL_OTHER = frozenset({"SELECT", "SET", "LOCK", "UNLOCK", "SHOW", "WITH"})
_PREPARING = frozenset({"setUp", "asyncSetUp", "setUpClass", "setUpTestData", "setup_method", "setup_class"})
# A class attribute that names files of rows.
_ROWS_OF_FILES = "fixtures"


class Rows(NamedTuple):
    """What code does with rows, as far as the names tell."""

    reads: bool
    writes: bool


def misses_rows(
    run: Interpreter,
    module: r.ModuleFacts,
    function: r.Function,
    klass: r.ClassFact | None,
    trees: Iterable[tuple[flow.Node, str]],
) -> bool:
    """Whether the threads of a test read rows that only the test sees, or leave rows behind.

    ``trees`` are what runs in the threads, each with its file.
    """
    found = [_rows(run.modules, tree, path) for tree, path in trees]
    if any(rows.writes for rows in found):
        return True
    return any(rows.reads for rows in found) and _test_writes(run, module, function, klass)


def _test_writes(run: Interpreter, module: r.ModuleFacts, function: r.Function, klass: r.ClassFact | None) -> bool:
    """Whether a test, or what prepares it, writes rows; it may, where it is only a part of tests."""
    if not function.name.startswith("test"):
        return True
    parts = [(module, function)]
    if klass is not None:
        for above in run.classes.mro(ClassValue(klass, module)):
            if isinstance(above, ClassValue):
                if _has_files_of_rows(above.fact):
                    return True
                parts += [(above.module, above.fact.functions[n]) for n in _PREPARING & above.fact.functions.keys()]
    parts += fixtures_of(run, module, function, klass)
    return any(_function_writes(run, *part) for part in parts)


def _function_writes(run: Interpreter, module: r.ModuleFacts, function: r.Function) -> bool:
    with suppress(*LIMITS), aside(run):
        frame = run_symbolically(run, outer_function(module, function), DEPTH, STEPS)
        trees = [known.summary.tree for known in run.memo.get(frame, ())]
        return any(_rows(run.modules, tree, module.path).writes for tree in trees)
    return True


def _has_files_of_rows(klass: r.ClassFact) -> bool:
    assigned = [target for stmt in klass.body if isinstance(stmt, r.Assign) for target in stmt.targets]
    return any(last_name(target) == _ROWS_OF_FILES for target in assigned)


def _rows(modules: Store, tree: flow.Node, path: str) -> Rows:
    each = [_of_touch(modules, found) for found in leaves(tree, path) if isinstance(found.leaf, flow.Touch)]
    return Rows(any(rows.reads for rows in each), any(rows.writes for rows in each))


def _of_touch(modules: Store, found: Found) -> Rows:
    last = found.leaf.what.rpartition(".")[2]
    if last == _CURSOR:
        return _of_statements(_statements_near(modules, found))
    return Rows(last not in _OPENING, last not in _OPENING and last not in _READING)


def _of_statements(statements: list[list[str]]) -> Rows:
    """What a cursor may do whose function holds these statements of SQL; anything, where it holds none."""
    if not statements:
        return Rows(True, True)
    held = {word for statement in statements for word in statement if statement[0] != "LOCK"}
    return Rows(not held.isdisjoint(_SQL_READING), not held.isdisjoint(_SQL_WRITING))


def _statements_near(modules: Store, found: Found) -> list[list[str]]:
    """The statements of SQL in the function that asks for a cursor; if it holds none, in the nearest that calls it."""
    places = [(file, at) for _, file, at in found.calls] + [(found.path, found.leaf.at)]
    near = (_statements_around(modules, *place) for place in reversed(places))
    return next((statements for statements in near if statements), [])


def _statements_around(modules: Store, path: str, at: r.At) -> list[list[str]]:
    """The texts of the function around a place which begin as SQL does, as words in capitals."""
    facts = modules.facts(path)
    function = innermost(facts.functions, at) if isinstance(facts, r.ModuleFacts) else None
    if function is None:
        return []
    written = [text.upper().split() for text in texts(function.body)]
    return [words for words in written if words and words[0] in _SQL_WRITING | _SQL_OTHER]
