"""A stand-in for the linter: marks in a file say what it would find, and reading the file says whether it still would.

A mark at the end of a spawn's line: ``# DJT001 in-place name``, where every reference to the entry is a spawn, or
``# DJT001 boundary [name]``; ``one-database`` may follow. A finding is gone when its entry ends in a close, or its
target is wrapped.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from flake8_django_threads.base import Definition, Finding, Remedy, Span, Step
from flake8_django_threads.fix.source import Columns

MARK = re.compile(r"# (DJT\d+) (in-place|boundary)(?: ([\w.<>]+))?( one-database)?\s*$")


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
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
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
        findings.append(Finding(code, span(spawn), "runs in a new thread", (Step(span(spawn), "the spawn"),), remedy))
    return findings


def leaks(finding: Finding, text: str) -> bool:
    """Look again at a finding of the new text, as the linter would."""
    remedy = finding.remedy
    assert remedy is not None
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
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
    return re.search(r"finally:(?:\s.*)?\.(close|close_all)\(\)", body, re.DOTALL) is None


def recheck_of(texts: Mapping[str, str]) -> Callable[[Mapping[str, str], str], Sequence[Finding]]:
    def recheck(overlay: Mapping[str, str], path: str) -> Sequence[Finding]:
        if path not in overlay:
            return spans(path, texts[path])
        return [finding for finding in spans(path, overlay[path]) if leaks(finding, overlay[path])]

    return recheck
