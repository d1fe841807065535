"""Mirrors of the rules' one-file cases: edits that change nothing must change no finding, a direct call has none."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import harness
import pytest

from flake8_django_threads.engine import Engine

FIXTURES = Path(__file__).parents[1] / "fixtures"
CURSOR = "The end of a cursor is told only where the thread that never closes starts in the same file"
# Mirror and case -> why they disagree. A row that agrees again fails.
DISAGREE = {
    ("aliases", "rules/DJT201/tests/case.py"): "a pool that a test leaves is known by its class's own name",
    ("direct", "rules/DJT201/coroutines/case.py"): "called there, the function closes in the coroutine",
    ("aliases", "rules/DJT001/dummy_process/case.py"): "Process of multiprocessing.dummy is only looked at as Thread",
    ("split", "rules/DJT001/closes_something_else/case.py"): CURSOR,
    ("split", "rules/DJT001/cursor/case.py"): CURSOR,
    ("split", "rules/DJT006/in_a_thread_that_never_closes/case.py"): CURSOR,
    (
        "split",
        "rules/DJT001/request_handlers/case.py",
    ): "a handler of another file is reported where the server is made",
    (
        "split",
        "rules/DJT001/handler_below_a_base_class/case.py",
    ): "a handler of another file is reported where the server is made",
    ("split", "rules/DJT007/ways_to_name_a_database/case.py"): CURSOR,
}
# What runs at import depends on where a module is.
OF_PLACE = {"DJT401"}


class Edit(NamedTuple):
    """A text that takes the place of an expression, which stands on one line; columns count bytes, as in ``ast``."""

    line: int
    start: int
    end: int
    text: str


@cache
def source(case: str) -> str:
    return (FIXTURES / case).read_text(encoding="utf-8")


def alarms(case: str) -> bool:
    return any(mark.known != "missed" for mark in harness.marks(case, source(case)))


CASES = [
    path
    for path in sorted(p.relative_to(FIXTURES).as_posix() for p in FIXTURES.glob("rules/*/*/case.py"))
    if alarms(path)
]


def edited(text: str, edits: list[Edit]) -> str:
    lines = text.encode().splitlines(keepends=True)
    for edit in sorted(edits, reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.start] + edit.text.encode() + line[edit.end :]
    return b"".join(lines).decode()


def replace(node: ast.expr | ast.alias, text: str) -> Edit:
    assert node.end_lineno == node.lineno
    assert node.end_col_offset is not None
    return Edit(node.lineno, node.col_offset, node.end_col_offset, text)


def bindings(tree: ast.Module) -> Counter[str]:
    """How often a module binds each name, in whatever scope."""
    names: Counter[str] = Counter()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                names[name] += 1
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names[name] += 1
            case ast.alias(name=name, asname=asname):
                names[asname or name.partition(".")[0]] += 1
            case ast.Global(names=declared) | ast.Nonlocal(names=declared):
                names.update(declared)
    return names


def with_aliases(text: str) -> str:
    """The text with its imports under other names; what is bound twice, dotted or used in an f-string keeps its own."""
    tree = ast.parse(text)
    bound = bindings(tree)
    formatted = {
        n.id for f in ast.walk(tree) if isinstance(f, ast.JoinedStr) for n in ast.walk(f) if isinstance(n, ast.Name)
    }
    edits: list[Edit] = []
    renamed: dict[str, str] = {}
    for statement in tree.body:
        for alias in statement.names if isinstance(statement, (ast.Import, ast.ImportFrom)) else ():
            name = alias.asname or alias.name
            if alias.name == "*" or "." in name or bound[name] > 1 or name in formatted:
                continue
            renamed[name] = f"{'T' if name[0].isupper() else '_t'}{len(renamed)}"
            edits.append(replace(alias, f"{alias.name} as {renamed[name]}"))
    uses = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in renamed)
    return edited(text, edits + [replace(node, renamed[node.id]) for node in uses])


def direct_calls(text: str) -> tuple[str, list[int]]:
    """The text with ``Thread(target=f, args=(...)).start()`` written as ``f(...)``, and the lines where it stood."""
    edits = [replace(call, ast.unparse(direct)) for call, direct in spawns(ast.parse(text))]
    return edited(text, edits), [edit.line for edit in edits]


def spawns(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.Call]]:
    """Each plain spawn on one line that is a statement, and the call of its target."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(
                            func=ast.Name(id="Thread") | ast.Attribute(value=ast.Name(), attr="Thread"),
                            args=[],
                            keywords=given,
                        ),
                        attr="start",
                    )
                ) as call
            ) if call.lineno == call.end_lineno:
                match {keyword.arg: keyword.value for keyword in given}:
                    case {"target": target, "args": ast.Tuple(elts=args), **rest} if not rest:
                        yield call, ast.Call(target, args, [])
                    case {"target": target, **rest} if not rest:
                        yield call, ast.Call(target, [], [])


def found(folder: Path, text: str, name: str = "case.py") -> list[tuple[str, int]]:
    """Code and line of each finding in a text, which is written to a file of a project of its own."""
    file = folder / name
    for parent in file.relative_to(folder).parents[:-1]:
        (folder / parent).mkdir(parents=True, exist_ok=True)
        (folder / parent / "__init__.py").touch()
    file.write_text(text, encoding="utf-8")
    report = Engine(cwd=str(folder)).analyse(name)
    assert report.problems == ()
    return [(finding.code, finding.span.line) for finding in report.findings]


@cache
def as_written(case: str) -> list[tuple[str, int]]:
    with TemporaryDirectory() as folder:
        return found(Path(folder).resolve(), source(case))


def hold(mirror: str, case: str, agree: bool) -> None:
    """Ask for agreement, or, of a known disagreement, that it is one still."""
    reason = DISAGREE.get((mirror, case))
    assert agree == (reason is None), reason or mirror


@pytest.mark.parametrize("case", CASES)
def test_imports_under_other_names_change_nothing(tmp_path: Path, case: str) -> None:
    text = with_aliases(source(case))
    assert text != source(case)
    hold("aliases", case, found(tmp_path, text) == as_written(case))


@pytest.mark.parametrize("case", CASES)
def test_another_name_and_folder_change_nothing(tmp_path: Path, case: str) -> None:
    moved = [(code, line) for code, line in found(tmp_path, source(case), "pkg/sub/other.py") if code not in OF_PLACE]
    hold("moved", case, moved == [(code, line) for code, line in as_written(case) if code not in OF_PLACE])


DIRECT = [case for case in CASES if direct_calls(source(case))[1]]


@pytest.mark.parametrize("case", DIRECT)
def test_a_direct_call_is_no_finding(tmp_path: Path, case: str) -> None:
    text, lines = direct_calls(source(case))
    left = [(code, line) for code, line in found(tmp_path, text) if line in lines]
    hold("direct", case, left == [])


def split_in_two(text: str) -> tuple[str, str]:
    """The text without its last function, and that function with what it needs of the rest; lines stay where they were.

    Both texts are empty where the last statement is no function.
    """
    tree = ast.parse(text)
    last = tree.body[-1]
    if not isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef):
        return "", ""
    imports = [one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom)]
    rest = [one for one in tree.body[1:-1] if one not in imports]
    names = sorted(bindings(ast.Module(rest, [])).keys() & {n.id for n in ast.walk(last) if isinstance(n, ast.Name)})
    lines = text.splitlines()
    first = min([last.lineno, *(one.lineno for one in last.decorator_list)])
    kept = {line for one in imports for line in range(one.lineno, (one.end_lineno or 0) + 1)}
    view = [line if number in kept or number >= first else "" for number, line in enumerate(lines, 1)]
    # In place of the docstring, which every case begins with.
    view[0] = f"from rest import {', '.join(names)}" if names else ""
    return "\n".join([*lines[: first - 1], ""]), "\n".join([*view, ""])


SPLIT = [case for case in CASES if split_in_two(source(case))[0]]


@pytest.mark.parametrize("case", SPLIT)
def test_splitting_the_file_changes_nothing(tmp_path: Path, case: str) -> None:
    rest, view = split_in_two(source(case))
    (tmp_path / "rest.py").write_text(rest, encoding="utf-8")
    both = found(tmp_path, view, "view.py") + found(tmp_path, rest, "rest.py")
    hold("split", case, sorted(both) == sorted(as_written(case)))


def test_noqa_on_the_line_silences(tmp_path: Path) -> None:
    for number, case in enumerate(CASES):
        silenced = re.sub(r"# (?:missed: |false alarm: )?DJT\d{3}.*", "# noqa: DJT", source(case))
        assert silenced != source(case)
        (tmp_path / f"case{number}.py").write_text(silenced, encoding="utf-8")
    run = [sys.executable, "-m", "flake8", "--isolated", "--select=DJT", "-j1", "."]
    left = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (left.stdout, left.stderr) == ("", "")


def test_the_mirrors_reach_most_cases() -> None:
    assert len(CASES) >= 95
    assert len(DIRECT) >= 60
    assert len(SPLIT) >= 60
    assert {case for _, case in DISAGREE} <= set(CASES)
