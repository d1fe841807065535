"""The fixer against golden cases: each folder of ``tests/fixes`` in each trait that a file may have.

A mark at the end of a spawn's line stands for the linter: ``# DJT001 in-place name``, where every reference to the
entry is a spawn, or ``# DJT001 boundary [name]``; ``one-database`` may follow. The linter's second look is played by
reading the result: a finding is gone when its entry ends in a close, or its target is wrapped.
"""

from __future__ import annotations

import ast
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from flake8_django_threads.base import Definition, Finding, Remedy, Span
from flake8_django_threads.fix.plan import Change, Plan, plan
from flake8_django_threads.fix.proofs import DisprovedError, prove
from flake8_django_threads.fix.edit import Edit
from flake8_django_threads.fix.rewrite import Rewritten, rewrite
from flake8_django_threads.fix.source import Columns, NoEditError, Source
from flake8_django_threads.fix.write import write

CASES = sorted(path for path in (Path(__file__).parent / "fixes").iterdir() if path.is_dir())
MARK = re.compile(r"# (DJT\d+) (in-place|boundary)(?: ([\w.<>]+))?( one-database)?\s*$")


def with_tabs(text: str) -> str:
    return re.sub(r"^(?:    )+", lambda indent: "\t" * (len(indent[0]) // 4), text, flags=re.M)


TRAITS: dict[str, Callable[[str], bytes]] = {
    "plain": lambda text: text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "tabs": lambda text: with_tabs(text).encode(),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "latin-1": lambda text: f"# -*- coding: latin-1 -*-\n# café\n\n{text}".encode("latin-1"),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "blank lines at the end": lambda text: f"{text}\n\n# end\n\n".encode(),
    "form feed and odd comment": lambda text: f"{text}\f\n  # odd\nx = 1\n".encode(),
}


def spans(path: str, text: str) -> list[Finding]:
    """Read the marks of a text."""
    columns, tree = Columns(text), ast.parse(text)

    def span(node: ast.AST) -> Span:
        return Span(path, *columns.whole(node))

    definitions: dict[str, ast.AST] = {}

    def name_all(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = "<lambda>" if isinstance(child, ast.Lambda) else getattr(child, "name", None)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                definitions[f"{prefix}{name}"] = child
                name_all(child, f"{prefix}{name}." if name != "<lambda>" else prefix)
            else:
                name_all(child, prefix)

    name_all(tree, "")
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        if (mark := MARK.search(line)) is None:
            continue
        code, kind, name, one = mark.groups()
        spawn: ast.AST
        target: ast.AST | None = None
        if name is not None and name.endswith(".run"):
            spawn = definitions[name]
        else:
            calls = [
                node
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and number in (node.lineno, node.end_lineno)
            ]
            calls = [call for call in calls if not ast.unparse(call.func).startswith("closing_connections")]
            named = [(c, k.value) for c in calls for k in c.keywords if k.arg == "target"]
            spawn, target = named[-1] if named else next((c, c.args[0]) for c in reversed(calls) if c.args)
        entry = Definition(name, span(definitions[name])) if name else None
        remedy = Remedy("wrap", entry, span(spawn), target and span(target), kind == "in-place", one is None)
        findings.append(Finding(code, span(spawn), "runs in a new thread", (), remedy))
    return findings


def leaks(finding: Finding, text: str) -> bool:
    """Look again at a finding of the new text, as the linter would."""
    remedy = finding.remedy
    assert remedy is not None
    lines = text.splitlines(keepends=True)
    if remedy.target is not None:
        target = ast.get_source_segment(
            text,
            next(
                node
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.expr) and Columns(text).whole(node) == remedy.target[1:]
            ),
        )
        if target is not None and target.startswith("closing_connections"):
            return False
    if remedy.entry is None or not remedy.only_spawned:
        return True
    body = "".join(lines[remedy.entry.span.line - 1 : remedy.entry.span.end_line])
    return re.search(r"finally:(?:\s.*)?\.(close|close_all)\(\)", body, re.S) is None


def recheck_of(texts: Mapping[str, str]) -> Callable[[Mapping[str, str], str], Sequence[Finding]]:
    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        if path not in overlay:
            return spans(path, texts[path])
        return [finding for finding in spans(path, overlay[path]) if leaks(finding, overlay[path])]

    return recheck


def planned(path: Path, data: bytes) -> Plan:
    """Plan the fix of one file in its own bytes."""
    path.write_bytes(data)
    source = Source(str(path), data)
    return plan(spans(str(path), source.text), recheck_of({str(path): source.text}))


@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize("case", [case for case in CASES if (case / "after.py").exists()], ids=lambda case: case.name)
def test_fix_writes_the_golden_text(case: Path, trait: str, tmp_path: Path) -> None:
    before, after = ((case / name).read_text("utf-8") for name in ("before.py", "after.py"))
    if trait == "latin-1" and "(no header" in before:
        pytest.fail("a case must not depend on being the first line")
    path = tmp_path / "case.py"
    made = planned(path, TRAITS[trait](before))
    assert [refusal.reason for refusal in made.refused] == []
    assert [change.path for change in made.changes] == [str(path)]
    assert made.changes[0].after.decode("latin-1") == TRAITS[trait](after).decode("latin-1")
    text = Source(str(path), made.changes[0].after).text
    assert recheck_of({})({str(path): text}, str(path)) == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if (case / "refused.txt").exists()], ids=lambda case: case.name
)
def test_fix_refuses_in_words(case: Path, tmp_path: Path) -> None:
    made = planned(tmp_path / "case.py", (case / "before.py").read_bytes())
    assert made.changes == ()
    assert [(case / "refused.txt").read_text().strip() in refusal.reason for refusal in made.refused] == [True]
