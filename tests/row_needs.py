"""Which expectations of the fixtures need a row: the cases are judged again with the row retired."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import harness
import state_rows

from flake8_django_threads.engine import Engine, Options
from flake8_django_threads.models import load as model_rows
from flake8_django_threads.models.load import Models, Row
from flake8_django_threads.project.beyond import Beyond

FIXTURES = Path(__file__).parents[1] / "fixtures"
_WORD = re.compile(r"\w+")
# A row of these tables also answers by hiding those of its bases in the others.
RIVALS = ("touch", "lazy", "close")
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
        for candidate in self._inherited(self.canonical(path)) if found is None else ():
            hiding = {row for rival in RIVALS if (row := self._rows.get((rival, candidate, on))) is not None}
            if hiding:
                self.hits |= hiding if table in RIVALS else set()
                break
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
    """A case that can be judged again and again: a fixture's folder, or one file of measured rows, at ``place``.

    ``engine`` has read the case's files; each judgement is one of its own that shares them.
    """

    name: str
    place: Path
    file: str
    marks: tuple[tuple[str, tuple[harness.Mark, ...]], ...]
    engine: Engine

    def judge(self, models: Models) -> object:
        """What the case's expectations say of the linter with these rows; another answer is another verdict."""
        engine = self.engine.again({})
        engine._models = models
        engine._looks, engine._helpers = {}, {}
        if self.file:
            rows = [
                row
                for row in state_rows.read(FIXTURES / "engine" / self.name.partition(":")[0])
                if row.file == self.file
            ]
            return state_rows.linted(self.place, rows, engine)
        return [harness.differences(marks, engine.analyse(path).findings) for path, marks in self.marks]

    @property
    def text(self) -> str:
        """All of the case's code."""
        paths = [self.place / self.file] if self.file else sorted(self.place.rglob("*.py"))
        return "".join(path.read_text(encoding="utf-8") for path in paths)


def cases(place: Path) -> list[Case]:
    """Every case with expectations, copied to ``place``. The code that a folder is named for is on, opt-in or not."""
    found = []
    globs = ("libraries/*", "rules/*/*", "silent/*")
    for folder in (folder for each in globs for folder in sorted(FIXTURES.glob(each)) if folder.is_dir()):
        name = folder.relative_to(FIXTURES).as_posix()
        copy = Path(shutil.copytree(folder, place / name.replace("/", "+")))
        files = sorted(file.relative_to(copy).as_posix() for file in copy.rglob("*.py"))
        marks = tuple((file, tuple(harness.marks(file, (copy / file).read_text(encoding="utf-8")))) for file in files)
        engine = _engine(copy, Options(enable=harness.own_code(folder)))
        found.append(Case(name, copy, "", marks, engine))
    for folder in (FIXTURES / "engine" / "touches", FIXTURES / "engine" / "remedies" / "max_age_0"):
        name = folder.relative_to(FIXTURES / "engine").as_posix()
        project = state_rows.build(folder, place)
        engine = _engine(project, Options())
        found += [Case(f"{name}:{file.name}", project, file.name, (), engine) for file in sorted(folder.glob("*.py"))]
    return found


def _engine(project: Path, options: Options) -> Engine:
    """An engine that finds nothing installed: what packages say of themselves would hide that a row is needed."""
    engine = Engine(options, cwd=str(project))
    engine._beyond = Beyond(engine.sources, ())
    return engine


class Needs:
    """Finds, for each row, a case whose expectations fail without it."""

    def __init__(self, place: Path) -> None:
        self.rows = model_rows.load().rows()
        self.cases = cases(place)
        self._whole = Models(self.rows)
        self._answers: dict[str, object] = {}
        self._hit: dict[Row, list[Case]] = {}
        took = {}
        for case in self.cases:
            witness = Witness(self.rows)
            started = time.process_time()
            self._answers[case.name] = case.judge(witness)
            took[case.name] = time.process_time() - started
            for row in witness.hits:
                self._hit.setdefault(row, []).append(case)
        self.cases.sort(key=lambda case: (not case.name.startswith("libraries/"), took[case.name]))
        self._texts = {case.name: case.text for case in self.cases}

    def is_asked(self, row: Row) -> bool:
        """Whether the row by itself has given an answer in some case."""
        return row in self._hit

    def case(self, row: Row) -> str:
        """The name of a case that fails without the row; empty if none does."""
        models = Models([other for other in self.rows if other is not row])
        if row.table not in TABLES_OF_THE_GATE:
            models.__dict__["gate_words"] = self._whole.gate_words
        words = _WORD.findall(row.path)[-2:]
        hit = {case.name for case in self._hit.get(row, ())}
        # Rows that are gone through as a table give no answer by themselves: those cases count that name them.
        named = [
            case
            for case in self.cases
            if case.name in hit or (not hit and all(word in self._texts[case.name] for word in words))
        ]
        for case in named:
            if case.judge(models) != self._answers[case.name]:
                return case.name
        return ""
