"""Which expectations of the fixtures need a row: the cases are judged again with the row retired."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import harness
import state_rows

from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.models import load as model_rows
from flake8_django_threads.models.load import Models, Row

FIXTURES = Path(__file__).parents[1] / "fixtures"
# A row that so many cases can do without is taken to be needed by none.
MOST_TRIED = 16
_WORD = re.compile(r"\w+")
TABLES_OF_THE_GATE = ("spawn", "subclass", "type")


class Witness(Models):
    """Models that remember which of their rows have given an answer."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.hits: set[Row] = set()
        super().__init__(rows)
        self._types = {row.path: row for row in self.rows("type")}
        self._spelt = {other: row for row in self.rows("type") for other in row.same}
        self.hits.clear()

    def find(self, table: str, path: str, on: str = "call") -> Row | None:
        found = super().find(table, path, on)
        if found is not None:
            self.hits.add(found)
        return found

    def bases(self, path: str) -> tuple[str, ...]:
        found = super().bases(path)
        if found:
            self.hits.add(self._types[self.canonical(path)])
        return found

    def canonical(self, path: str) -> str:
        known = super().canonical(path)
        if known != path and hasattr(self, "_spelt"):
            self.hits.update(row for other, row in self._spelt.items() if path.startswith(other))
        return known


class Case(NamedTuple):
    """A case that can be judged again and again: a fixture's folder, or one file of measured rows, at ``place``."""

    name: str
    place: Path
    file: str
    marks: tuple[tuple[str, tuple[harness.Mark, ...]], ...]

    def judge(self) -> object:
        """What the case's expectations say of the linter now; another answer is another verdict."""
        if self.file:
            rows = [
                row
                for row in state_rows.read(FIXTURES / "engine" / self.name.partition(":")[0])
                if row.file == self.file
            ]
            return state_rows.linted(self.place, rows)
        engine = Engine(Options(enable=frozenset(self.name.split("/"))), cwd=str(self.place))
        return [harness.differences(marks, engine.analyse(path).findings) for path, marks in self.marks]


def cases(place: Path) -> list[Case]:
    """Every case with expectations, copied to ``place``, those of the libraries first."""
    found = []
    globs = ("libraries/*", "rules/*/*", "silent/*")
    for folder in (folder for each in globs for folder in sorted(FIXTURES.glob(each)) if folder.is_dir()):
        name = folder.relative_to(FIXTURES).as_posix()
        copy = Path(shutil.copytree(folder, place / name.replace("/", "+")))
        files = sorted(file.relative_to(copy).as_posix() for file in copy.rglob("*.py"))
        marks = tuple((file, tuple(harness.marks(file, (copy / file).read_text(encoding="utf-8")))) for file in files)
        found.append(Case(name, copy, "", marks))
    for folder in (FIXTURES / "engine" / "touches", FIXTURES / "engine" / "remedies" / "max_age_0"):
        name = folder.relative_to(FIXTURES / "engine").as_posix()
        project = state_rows.build(folder, place)
        found += [Case(f"{name}:{file.name}", project, file.name, ()) for file in sorted(folder.glob("*.py"))]
    return found


@contextmanager
def knowing(models: Models) -> Iterator[None]:
    """Let engines that are made inside know these rows and no others."""
    with mock.patch.object(model_rows, "load", lambda _tables=(): models):
        yield


class Needs:
    """Finds, for each row, a case whose expectations fail without it."""

    def __init__(self, place: Path) -> None:
        self.rows = model_rows.load().rows()
        self.cases = cases(place)
        self._whole = Models(self.rows)
        self._answers: dict[str, object] = {}
        self._hit: dict[Row, list[Case]] = {}
        self._texts: dict[str, str] = {}
        took = {}
        for case in self.cases:
            witness = Witness(self.rows)
            started = time.process_time()
            with knowing(witness):
                self._answers[case.name] = case.judge()
            took[case.name] = time.process_time() - started
            for row in witness.hits:
                self._hit.setdefault(row, []).append(case)
            paths = [case.place / case.file] if case.file else case.place.rglob("*.py")
            self._texts[case.name] = "".join(path.read_text(encoding="utf-8") for path in paths)
        self.cases.sort(key=lambda case: (not case.name.startswith("libraries/"), not case.file, took[case.name]))

    def answers(self, row: Row) -> bool:
        """Whether the row has given an answer in some case, or the text of one names it."""
        words = _WORD.findall(row.path)[-2:]
        return row in self._hit or any(all(word in text for word in words) for text in self._texts.values())

    def case(self, row: Row) -> str:
        """The name of a case that fails without the row; empty if none does."""
        models = Models([other for other in self.rows if other is not row])
        if row.table not in TABLES_OF_THE_GATE:
            models.__dict__["gate_words"] = self._whole.gate_words
        hit = {case.name for case in self._hit.get(row, ())}
        words = _WORD.findall(row.path)[-2:]
        candidates = [
            case
            for case in self.cases
            if case.name in hit or (not hit and any(word in self._texts[case.name] for word in words))
        ]
        for case in candidates[:MOST_TRIED]:
            with knowing(models):
                if case.judge() != self._answers[case.name]:
                    return case.name
        return ""
