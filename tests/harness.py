"""Reads the expectations that stand in a case's files as marks, and holds what the engine says against them.

A mark stands in a comment on the line that it speaks of:

``# DJT002``                    exactly this code, on this line
``# DJT002 "jobs.py:14"``       and the message holds the text
``# DJT002 @9``                 and it stands at this column, counted from 1 as flake8 prints it
``# missed: DJT002 reason``     a known gap: no finding may stand here yet
``# false alarm: DJT002 reason``  a known wrong alarm: the finding stands here still

A line without a mark is silent. A known mistake that is cured fails the case too, so that its mark goes at once.
"""

from __future__ import annotations

import io
import re
import shutil
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from flake8_django_threads.base import Finding
from flake8_django_threads.engine import Engine, Options, Report
from flake8_django_threads.rules.rule import all_rules

MARK = re.compile(
    r'#\s*(?:(?P<known>missed|false alarm):\s*)?(?P<code>DJT\d{3})(?:\s+"(?P<text>[^"]*)")?(?:\s+@(?P<column>\d+))?'
    r"(?P<reason>[^#]*)"
)
WIDTH = 70


class Mark(NamedTuple):
    """One expectation. ``known`` is "", "missed" or "false alarm"; ``column`` is 0 where none is asked for."""

    path: str
    line: int
    code: str
    known: str = ""
    text: str = ""
    column: int = 0

    def fits(self, finding: Finding) -> bool:
        """Whether the finding is the one that the mark speaks of."""
        return finding.code == self.code and self.text in finding.message and self.column in (0, finding.span.col + 1)


def marks(path: str, source: str) -> Iterator[Mark]:
    """The marks in the comments of a file. Raises ValueError for a known mistake without a reason, and for noise."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        for found in MARK.finditer(token.string):
            if bool(found["known"]) != bool(found["reason"].strip()):
                raise ValueError(f"{path}:{token.start[0]}: a reason belongs to a known mistake, and to nothing else")
            known, text, column = found["known"] or "", found["text"] or "", int(found["column"] or 0)
            yield Mark(path, token.start[0], found["code"], known, text, column)


def differences(expected: Iterable[Mark], found: Sequence[Finding]) -> list[tuple[str, str]]:
    """Where marks and findings of one file disagree, as rows (marked, found); a known mistake that is cured is one."""
    left: dict[int, list[Finding]] = {}
    for finding in found:
        left.setdefault(finding.span.line, []).append(finding)
    rows = []
    for mark in expected:
        here = left.get(mark.line, [])
        match = next((finding for finding in here if mark.fits(finding)), None)
        if match is not None:
            here.remove(match)
        if mark.known == "missed" and match is not None:
            rows.append((_marked(mark), f"cured, take the mark away: {match.text}"))
        elif mark.known == "false alarm" and match is None:
            rows.append((_marked(mark), "cured, take the mark away"))
        elif mark.known == "" and match is None:
            near = here.pop(0) if here else None
            rows.append((_marked(mark), f"@{near.span.col + 1} {near.text}" if near else "silence"))
    rows += [
        (f"{finding.span.short} silence", f"@{finding.span.col + 1} {finding.text}")
        for line in sorted(left)
        for finding in left[line]
    ]
    return rows


def table(rows: Iterable[tuple[str, str]]) -> str:
    """The rows in two columns, for a reader."""
    lines = [f"{'marked':<{WIDTH}}   found"]
    for marked, found in rows:
        pieces = zip_longest(_pieces(marked), _pieces(found), fillvalue="")
        lines += [f"{one:<{WIDTH}}   {other}".rstrip() for one, other in pieces]
    return "\n".join(lines)


@cache
def reports(folder: Path) -> dict[str, Report]:
    """What one engine says of each file of a case, by relative path.

    The case is copied out of this repository first: there it is a project of its own, as its author meant it, and the
    engine has no other files to look through. The code that the case's folder is named for is on, opt-in or not.
    """
    with TemporaryDirectory() as parent:
        project = shutil.copytree(folder, Path(parent).resolve() / folder.name)
        engine = Engine(Options(enable=own_code(folder)), cwd=str(project))
        return {path: engine.analyse(path) for path in _files(project)}


def turned(expected: Sequence[Mark], path: str, lines: int) -> Iterator[list[Mark]]:
    """The marks of a file with one of them turned round: taken away, of another code or kind, or one more on a line.

    That a ``missed`` mark is taken away is for others to notice: for the oracle, if it is a leak, and for the rule's
    page, which tells the known gaps.
    """
    kinds = ("", "missed", "false alarm")
    for index, mark in enumerate(expected):
        rest = [*expected[:index], *expected[index + 1 :]]
        if mark.known != "missed":
            yield rest
            yield [*rest, mark._replace(code="DJT000")]
        others = (kind for kind in kinds if kind != mark.known and {kind, mark.known} != {"", "false alarm"})
        yield from ([*rest, mark._replace(known=kind, text="", column=0)] for kind in others)
    yield from ([*expected, Mark(path, line, "DJT001")] for line in range(1, lines + 1))


def own_code(folder: Path) -> frozenset[str]:
    """The code that a case's folder is named for; none for a case of another kind."""
    return frozenset({folder.parent.name} & {rule.code for rule in all_rules()})


def check_case(folder: Path) -> str:
    """What is wrong with the case in ``folder``: a table of differences, empty when all is as marked.

    So are marks that might as well be others.
    """
    rows = []
    for path, report in reports(folder).items():
        source = (folder / path).read_text(encoding="utf-8")
        compile(source, path, "exec", dont_inherit=True)
        expected = list(marks(path, source))
        rows += differences(expected, report.findings)
        rows += [
            (", ".join(map(_marked, other)), "the same: these marks would do as well")
            for other in turned(expected, path, source.count("\n"))
            if not differences(other, report.findings)
        ]
        rows += [("no problem", problem.text) for problem in report.problems]
    return table(rows) if rows else ""


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.py"))


def _marked(mark: Mark) -> str:
    known = f"{mark.known}: " if mark.known else ""
    text = f' "{mark.text}"' if mark.text else ""
    column = f" @{mark.column}" if mark.column else ""
    return f"{mark.path}:{mark.line} {known}{mark.code}{text}{column}"


def _pieces(text: str) -> list[str]:
    return [text[start : start + WIDTH] for start in range(0, len(text), WIDTH)]
