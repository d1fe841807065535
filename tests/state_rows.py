"""Rows of ``fixtures/engine/touches`` and ``remedies``: small functions, each with its measured meaning.

A row is a function with a mark on its ``def`` line: ``# <meaning>``, then, each behind a semicolon, what is special:

``opens`` / ``opens nothing``            what a thread that runs it does to its connections
``leaks`` / ``leaks if it raises`` / ``leaks nothing``  what it leaves behind; "raises" speaks of its queries
``not on SQLite``                        SQLite does the opposite; the mark is what servers do
``raises ValueError``                    it ends with this exception, which is part of the measured meaning
``not measured: reason``                 it cannot run here; the meaning was measured elsewhere
``missed: reason`` / ``false alarm: reason``  the linter is known to be wrong; the row fails once it is right

A parameter's value is made by the function of its name in the stage's ``made.py``, in the parent's thread.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flake8_django_threads.engine import Engine

ENGINE = Path(__file__).parents[1] / "fixtures" / "engine"
STAGE = ENGINE / "stage"
MEANINGS = ("opens nothing", "opens", "leaks nothing", "leaks if it raises", "leaks")
OPPOSITE = {"opens": "opens nothing", "opens nothing": "opens"}
# The rules that report a leak; the others speak of a call, whether it leaks or not.
LEAKS = ("DJT001", "DJT002", "DJT003", "DJT004", "DJT007", "DJT008", "DJT101")
MARK = re.compile(rf"#\s*(?P<meaning>{'|'.join(MEANINGS)})(?P<rest>(?:; [^#]*)?)\s*$")
CLAUSE = re.compile(
    r"(?P<key>not on SQLite|raises (?P<error>\w+)|(?P<kind>not measured|missed|false alarm): (?P<reason>.+))"
)


class RowCase(NamedTuple):
    """One row: where it stands, what it means, and what is special. ``last`` is the last line of its body."""

    file: str
    name: str
    line: int
    last: int
    parameters: tuple[str, ...]
    meaning: str
    on_sqlite: str
    raises: str
    unmeasured: str
    known: str

    @property
    def id(self) -> str:
        return f"{Path(self.file).stem}-{self.name}"


def read(folder: Path) -> list[RowCase]:
    """The rows of a folder's files. Raises ValueError for a function without a mark and for a mark that is misspelt."""
    return [row for file in sorted(folder.glob("*.py")) if file.name != "settings.py" for row in _rows(file)]


def _rows(file: Path) -> Iterator[RowCase]:
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        found = MARK.search(lines[node.lineno - 1])
        if found is None:
            raise ValueError(f"{file}:{node.lineno}: {node.name} has no mark, or one that nobody understands")
        meaning = found["meaning"]
        special = {"not on SQLite": "", "raises": "", "not measured": "", "missed": "", "false alarm": ""}
        for text in filter(None, found["rest"].split("; ")):
            clause = CLAUSE.fullmatch(text.strip())
            if clause is None:
                raise ValueError(f"{file}:{node.lineno}: {text!r} says nothing that is known")
            key = clause["kind"] or ("raises" if clause["error"] else clause["key"])
            special[key] = clause["error"] or clause["reason"] or "yes"
        yield RowCase(
            file.name,
            node.name,
            node.lineno,
            node.end_lineno or node.lineno,
            tuple(argument.arg for argument in node.args.args),
            meaning,
            OPPOSITE[meaning] if special["not on SQLite"] else meaning,
            special["raises"],
            special["not measured"],
            "missed" if special["missed"] else "false alarm" if special["false alarm"] else "",
        )


def build(folder: Path, place: Path) -> Path:
    """Copy the stage and the rows to a project under ``place``; each file spawns its rows at its end."""
    project = Path(shutil.copytree(STAGE, place / folder.name))
    for file in folder.glob("*.py"):
        source = file.read_text(encoding="utf-8")
        if file.name != "settings.py":
            source += "\n\n" + _spawns(list(_rows(file)))
        (project / file.name).write_text(source, encoding="utf-8")
    return project


def _spawns(rows: list[RowCase]) -> str:
    lines = ["import made", "from threading import Thread", "", "", "def start():"]
    for row in rows:
        given = "".join(f"made.{parameter}(), " for parameter in row.parameters)
        lines.append(f"    Thread(target={row.name}, args=({given})).start()")
    return "\n".join(lines) + "\n"


def linted(project: Path, rows: list[RowCase], engine: Engine | None = None) -> dict[str, str]:
    """What the linter says of each row: a meaning in the words of the marks, by the row's id."""
    engine = engine or Engine(cwd=str(project))
    said = {}
    for name in sorted({row.file for row in rows}):
        report = engine.analyse(name)
        assert not report.problems, report.problems
        mine = [row for row in rows if row.file == name]
        places = _spawn_lines(project / name)
        plain = {
            site.span.line
            for site in engine._sites_of(str(project / name))
            if any(connection.plain for connection in site.connections)
        }
        for row in mine:
            lines = {f.span.line for f in report.findings if f.code in LEAKS}
            lines = {line for line in lines if row.line <= line <= row.last or line == places[row.name]}
            touching = row.meaning.startswith("opens")
            # Of a row that ends with an exception the linter cannot tell that one from what a query may raise.
            ends = row.raises and row.meaning != "leaks if it raises"
            words = {
                "opens" if touching else "leaks" if line in plain or ends else "leaks if it raises" for line in lines
            }
            said[row.id] = max(words, default="opens nothing" if touching else "leaks nothing", key=severity)
    return said


def severity(meaning: str) -> int:
    """How bad it is, from 0."""
    return 0 if meaning.endswith("nothing") else 1 if meaning.endswith("raises") else 2


def _spawn_lines(file: Path) -> dict[str, int]:
    found = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r"    Thread\(target=(\w+), args=\(", line)
        if match:
            found[match[1]] = number
    return found


def measured(project: Path, rows: list[RowCase]) -> dict[str, dict[str, str]]:
    """What each row that can run here did in a real thread on SQLite: its ``meaning`` and what it ``raises``, by id."""
    wanted = [
        {"id": row.id, "module": Path(row.file).stem, "name": row.name, "parameters": row.parameters}
        for row in rows
        if not row.unmeasured
    ]
    script = Path(__file__).with_name("measure_rows.py")
    kind = "opens" if rows[0].meaning.startswith("opens") else "leaks"
    done = subprocess.run(
        [sys.executable, str(script), kind],
        input=json.dumps(wanted),
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return answer
