"""Breaks the linter on purpose, one small change at a time, and asks the tests whether they notice.

``python -m mutants [COUNT [SEED]]`` takes a sample of that many mutants out of facts, effects and rules, prints those
that survive, and fails where fewer than 85 % are killed. A mutant dies in the first of these that fails: the fixtures'
cases, then the unit tests.
"""

from __future__ import annotations

import ast
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from oracle.process import ChildError, be_quiet, isolated

ROOT = Path(__file__).parents[1]
PACKAGE = "flake8_django_threads"
ROOMS = ("facts", "effects", "rules")
# Quick ones first.
TESTS = (
    "effects", "facts", "inventory", "census", "detour", "spawn_index", "rules_meta", "examples", "engine", "calls",
)  # fmt: skip
SECONDS = 900.0
WANTED = 0.85

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip


class Mutant(NamedTuple):
    """One change: the file in the package, the line, what is changed, and the node's number in the file."""

    path: str
    line: int
    what: str
    node: int

    @property
    def text(self) -> str:
        """The file's text with the change."""
        tree = ast.parse((ROOT / PACKAGE / self.path).read_text(encoding="utf-8"))
        if self.what:
            target = next(islice(_changeable(tree), self.node, None))
            dict(_changes(target))[self.what](target)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants(path: str) -> Iterator[Mutant]:
    """Every mutant of a file of the package."""
    tree = ast.parse((ROOT / PACKAGE / path).read_text(encoding="utf-8"))
    for index, node in enumerate(_changeable(tree)):
        for what, _ in _changes(node):
            yield Mutant(path, node.lineno, what, index)


def _changeable(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """The nodes of function bodies, and of what classes and modules compute; annotations and texts are left alone."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "type_params", "type_comment"):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST):
                if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                    continue
                if isinstance(node, ast.expr | ast.stmt):
                    yield node
                yield from _changeable(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARED:
            yield f"{ast.unparse(node)}: other comparison", lambda one: one.ops.__setitem__(0, COMPARED[type(op)]())
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield f"{ast.unparse(node)}: and/or", lambda one: setattr(one, "op", other)
        case ast.BinOp(op=op) if type(op) in COMPUTED:
            yield f"{ast.unparse(node)}: other operator", lambda one: setattr(one, "op", COMPUTED[type(op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield f"{ast.unparse(node)}: without not", lambda one: setattr(one, "op", ast.UAdd())
        case ast.Constant(value=bool() as value):
            yield f"{value}: flipped", lambda one: setattr(one, "value", not value)
        case ast.Constant(value=int() as value):
            yield f"{value}: one more", lambda one: setattr(one, "value", value + 1)
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield f"if {ast.unparse(test)}: negated", lambda one: setattr(one, "test", ast.UnaryOp(ast.Not(), one.test))
        case ast.Return(value=value) if value is not None:
            yield f"{ast.unparse(node)}: None", lambda one: setattr(one, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield f"{ast.unparse(node)}: left out", lambda one: setattr(one, "value", ast.Constant(None))
        case ast.Break() | ast.Continue():
            pass
        case ast.ListComp(generators=[first]) | ast.SetComp(generators=[first]) | ast.GeneratorExp(generators=[first]):
            if first.ifs:
                yield f"{ast.unparse(node)}: without its if", lambda one: one.generators[0].ifs.clear()


def killer(mutant: Mutant) -> str:
    """What notices the mutant, or an empty text."""
    with tempfile.TemporaryDirectory(prefix="djt-mutant-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / PACKAGE / mutant.path).write_text(mutant.text, encoding="utf-8")
        for other in ROOT.iterdir():
            if other.name != PACKAGE and not other.name.startswith("."):
                (folder / other.name).symlink_to(other)
        try:
            return isolated(lambda: _failing(folder), SECONDS)
        except ChildError as error:
            return f"an end: {str(error).strip().splitlines()[-1]}"


def _failing(folder: Path) -> str:
    be_quiet()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), str(folder / "tests")])
    sys.path[:0] = [str(folder), str(folder / "tests")]
    import harness

    cases = [*folder.glob("fixtures/rules/*/*"), *folder.glob("fixtures/silent/*")]
    # Neighbours are alike: what one of them misses, the next one misses too.
    for case in sorted(cases, key=lambda case: case.name[::-1]):
        if case.is_dir() and harness.check_case(case):
            return f"{case.parent.name}/{case.name}"
    for name in TESTS:
        file = f"tests/test_{name}.py"
        if Path(file).exists() and pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", file]):
            return file
    return ""


def main() -> int:
    count, seed = (int(given) for given in (sys.argv[1:] + ["300", "0"][len(sys.argv) - 1 :])[:2])
    every = [
        mutant
        for room in ROOMS
        for file in sorted((ROOT / PACKAGE / room).glob("*.py"))
        for mutant in mutants(file.relative_to(ROOT / PACKAGE).as_posix())
    ]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    if by := killer(Mutant("__init__.py", 0, "", 0)):
        print(f"the sound package fails already: {by}")
        return 2
    killed = 0
    for number, mutant in enumerate(chosen, 1):
        by = killer(mutant)
        killed += bool(by)
        print(
            f"{number} {'killed by ' + by if by else 'SURVIVES'}: {mutant.path}:{mutant.line} {mutant.what}", flush=True
        )
    print(f"{killed} of {len(chosen)} killed ({killed / len(chosen):.0%}), out of {len(every)} mutants")
    return killed < WANTED * len(chosen)


if __name__ == "__main__":
    sys.exit(main())
