"""Breaks the linter on purpose, one small change at a time, and asks the tests whether they notice.

``python -m mutants [COUNT [SEED [JOBS]]]`` takes a sample of that many mutants out of facts, effects and rules, prints
what became of each, in so many processes, and fails where fewer than 85 % are killed. First the fixtures' cases and
the unit tests are run once as they are, to see which lines each of them executes and how long it takes. Then a mutant
meets those that execute its line, quick ones first, and dies in the first that fails.
"""

from __future__ import annotations

import ast
import builtins
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from oracle.process import ChildError, be_quiet, isolated

ROOT = Path(__file__).parents[1]
PACKAGE = "flake8_django_threads"
ROOMS = ("facts", "effects", "rules")
# What of ``tests`` is asked, beside the fixtures' cases: what works in this process, and no random bodies.
TESTS = (
    "by_words", "calls", "calls_limits", "candidates", "census", "detour", "doubles", "effects", "engine",
    "entries", "examples", "facts", "forks", "inventory", "places", "repairs", "rule_gates", "rules_meta", "settings",
    "spawn_index", "touches", "uwsgi", "values", "walk", "walker", "words_of_evidence",
)  # fmt: skip
LEFT_OUT = "not agrees_on_some and not real_thread and not mended_once"
# These do their work once, for all of their tests.
WHOLE = ("calls", "touches")
# The name under which the survey's package finds its notes.
NOTES = "_djt_notes"
# Of the machine's time for the survey; of the processor's and of memory for a mutant, which may run in circles: beside
# so many seconds it has twice the time that its tests take on the sound package, so that none dies of slowness alone.
SURVEY_SECONDS, SECONDS, BYTES = 7200.0, 60, 4 << 30
WANTED = 0.85

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
# Changes that no test can notice, and why: each has been looked at when it survived. They count as survivors still.
SPARED = {
    ("effects/connection_names.py", "module == 'django' or any("): "a row's path begins with django anyway",
    ("effects/detour.py", "0: one more"): "of the way where none is found only the events are asked for",
    ("effects/forks.py", "2: one more"): "no touch begins at the very place where a block ends",
    ("effects/from_outside.py", "if ATOMIC in run.modules.text(path)): without its if"): "more is looked through",
    ("effects/inventory.py", "last_name(callee(d)) == 'atomic'"): "more callers are run, and change nothing",
    ("effects/origins.py", "table.stars or any("): "what is not told here is found out by running the function",
    ("effects/origins.py", "return values if values and all("): "what is not told here is found out by running it",
    ("effects/spawn_index.py", "hash(text) != seen"): "the file is looked through again, with the same answer",
    ("facts/walk.py", "isinstance(part, tuple)): without its if"): "what is no tuple matches no case",
}


class Mutant(NamedTuple):
    """One change: the file in the package, the line, what is changed, and the node's number in the file."""

    path: str
    line: int
    what: str
    node: int

    @property
    def spared(self) -> str:
        """Why no test can notice it, if that is known."""
        return next((why for (path, part), why in SPARED.items() if path == self.path and part in self.what), "")

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
        # Where a function says False or nothing, the two are the same to whoever asks.
        case ast.Return(value=value) if value is not None and ast.unparse(value) not in ("False", "None"):
            yield f"{ast.unparse(node)}: None", lambda one: setattr(one, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield f"{ast.unparse(node)}: left out", lambda one: setattr(one, "value", ast.Constant(None))
        case ast.Break() | ast.Continue():
            pass
        case ast.ListComp(generators=[first]) | ast.SetComp(generators=[first]) | ast.GeneratorExp(generators=[first]):
            if first.ifs:
                yield f"{ast.unparse(node)}: without its if", lambda one: one.generators[0].ifs.clear()


class Block(NamedTuple):
    """Statements that run one after the other: the file in the package, and the lines from the first to the last."""

    path: str
    first: int
    last: int


class Survey(NamedTuple):
    """Which of the sound package's tests execute each block, and how many seconds each test takes."""

    blocks: Mapping[Block, frozenset[str]]
    seconds: Mapping[str, float]

    def tests(self, mutant: Mutant) -> list[str]:
        """What executes the innermost block around the mutant, quick ones first; what runs at import concerns all."""
        around = [one for one in self.blocks if one.path == mutant.path and one.first <= mutant.line <= one.last]
        found = self.blocks[min(around, key=lambda one: one.last - one.first)] if around else self.seconds
        return sorted(found, key=lambda test: self.seconds[test])


def survey() -> Survey:
    """Run all tests once, on a package that notes which of its blocks run. Raises ChildError."""
    with _project() as folder:
        blocks: list[Block] = []
        for room in ROOMS:
            for file in sorted((folder / PACKAGE / room).glob("*.py")):
                tree = ast.parse(file.read_text(encoding="utf-8"))
                blocks += _note_blocks(tree, file.relative_to(folder / PACKAGE).as_posix(), len(blocks))
                file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
        return isolated(lambda: _survey(folder, blocks), SURVEY_SECONDS)


def _note_blocks(tree: ast.Module, path: str, first: int) -> Iterator[Block]:
    """Let each block below a function begin with a note of its number, counted from ``first``; give the blocks."""
    number = first
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in {id(node): node for function in functions for node in ast.walk(function)}.values():
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and not isinstance(node, ast.ClassDef):
                docstring = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node)
                if body[bool(docstring) :]:
                    yield Block(path, body[0].lineno, body[-1].end_lineno or 0)
                    body.insert(bool(docstring), ast.parse(f"{NOTES}[{number}] = 1").body[0])
                    number += 1


def _survey(folder: Path, blocks: list[Block]) -> Survey:
    notes = bytearray(len(blocks))
    setattr(builtins, NOTES, notes)
    found: dict[Block, set[str]] = {block: set() for block in blocks}
    seconds: dict[str, float] = defaultdict(float)

    def begin(name: str) -> None:
        notes[:] = bytes(len(notes))
        seconds[name] -= time.process_time()

    def end(name: str) -> None:
        seconds[name] += time.process_time()
        for block, noted in zip(blocks, notes, strict=True):
            if noted:
                found[block].add(name)

    if broken := list(_failing(folder, _all_tests(folder), begin, end)):
        raise AssertionError(f"the sound package fails: {broken}")
    return Survey({block: frozenset(names) for block, names in found.items()}, seconds)


def _all_tests(folder: Path) -> list[str]:
    cases = [*folder.glob("fixtures/rules/*/*"), *folder.glob("fixtures/silent/*")]
    files = [f"tests/test_{name}.py" for name in TESTS]
    return [*(case.relative_to(folder).as_posix() for case in sorted(cases) if case.is_dir()), *files]


@contextmanager
def _project() -> Iterator[Path]:
    """A folder like this project's, with a copy of the package."""
    with tempfile.TemporaryDirectory(prefix="djt-mutant-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
        for other in ROOT.iterdir():
            if other.name != PACKAGE and not other.name.startswith("."):
                (folder / other.name).symlink_to(other)
        yield folder


def killer(mutant: Mutant, tests: list[str], usual: float) -> str:
    """What notices the mutant, or an empty text; ``usual`` are the seconds that these tests take otherwise."""
    seconds = SECONDS + round(2 * usual)
    with _project() as folder:
        (folder / PACKAGE / mutant.path).write_text(mutant.text, encoding="utf-8")

        def ask() -> str:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            return next(iter(_failing(folder, tests)), "")

        try:
            return isolated(ask, 100.0 * seconds)
        except ChildError as error:
            return f"an end: {str(error).strip().splitlines()[-1]}"


def _failing(
    folder: Path,
    tests: Iterable[str],
    begin: Callable[[str], object] = nullcontext,
    end: Callable[[str], object] = nullcontext,
) -> Iterator[str]:
    """The names of those that fail: fixtures' cases are judged here, of the rest pytest stops at the first."""
    be_quiet()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), str(folder / "tests")])
    sys.path[:0] = [str(folder), str(folder / "tests")]
    import harness

    files: dict[str, list[str]] = defaultdict(list)
    for test in tests:
        if test.startswith("fixtures/"):
            begin(test)
            if harness.check_case(folder / test):
                yield test
            end(test)
        else:
            files[test.partition("::")[0]].append(test)

    class Told:
        failed = ""

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: Any) -> Any:
            name = item.nodeid
            if Path(file).stem.removeprefix("test_") in WHOLE:
                name = file
            begin(name)
            try:
                return (yield)
            finally:
                end(name)

        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                self.failed = report.nodeid

    for file, wanted in files.items():
        told = Told()
        if pytest.main(
            ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", LEFT_OUT, *wanted], plugins=[told]
        ):
            yield told.failed or file


def main() -> int:
    count, seed, jobs = (int(given) for given in (sys.argv[1:] + ["300", "0", "0"][len(sys.argv) - 1 :])[:3])
    every = [
        mutant
        for room in ROOMS
        for file in sorted((ROOT / PACKAGE / room).glob("*.py"))
        for mutant in mutants(file.relative_to(ROOT / PACKAGE).as_posix())
    ]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    known = survey()
    killed = 0
    with ProcessPoolExecutor(jobs or None, mp_context=get_context("fork")) as pool:
        tried = {}
        for mutant in chosen:
            tests = known.tests(mutant)
            tried[pool.submit(killer, mutant, tests, sum(known.seconds[test] for test in tests))] = mutant
        for number, job in enumerate(as_completed(tried), 1):
            mutant, by = tried[job], job.result()
            killed += bool(by)
            end = f"killed by {by}" if by else f"SURVIVES {len(known.tests(mutant))} tests"
            why = f" ({mutant.spared})" if mutant.spared and not by else ""
            print(f"{number} {end}: {mutant.path}:{mutant.line} {mutant.what}{why}", flush=True)
    print(f"{killed} of {len(chosen)} killed ({killed / len(chosen):.0%}), out of {len(every)} mutants")
    return killed < WANTED * len(chosen)


if __name__ == "__main__":
    sys.exit(main())
