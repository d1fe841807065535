"""What a fixture case asks of the oracle: which of its lines leak, how it is run, or why it cannot be."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import harness

FIXTURES = Path(__file__).parents[2] / "fixtures"
# A finding of these codes stands on the spawn and says that its thread leaves a connection open.
LEAKS = frozenset({"DJT001", "DJT002", "DJT003", "DJT004", "DJT007", "DJT008", "DJT101"})
# Of these, the ones that leak even where nothing raises.
ALWAYS = LEAKS - {"DJT002"}
DECLARED = re.compile(r"#\s*(?P<what>run|not run):\s*(?P<text>.+)")


@dataclass(frozen=True)
class Case:
    """A folder under ``fixtures/rules/CODE`` or ``fixtures/silent``, or the shop in ``fixtures/project``."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.relative_to(FIXTURES).as_posix()

    @cached_property
    def files(self) -> dict[str, str]:
        """Relative path -> source of each Python file."""
        return {
            file.relative_to(self.folder).as_posix(): file.read_text(encoding="utf-8")
            for file in sorted(self.folder.rglob("*.py"))
        }

    @cached_property
    def marks(self) -> tuple[harness.Mark, ...]:
        return tuple(mark for path, text in self.files.items() for mark in harness.marks(path, text))

    @cached_property
    def leaks(self) -> Counter[tuple[str, int]]:
        """(path, line) -> how many spawns there leak in truth: also those that the linter is known to miss."""
        return Counter((m.path, m.line) for m in self.marks if m.code in LEAKS and m.known != "false alarm")

    @cached_property
    def always(self) -> frozenset[tuple[str, int]]:
        """The lines of ``leaks`` that must leak in a run without exceptions."""
        return frozenset((m.path, m.line) for m in self.marks if m.code in ALWAYS and not m.known)

    def marked(self, marks: Iterable[harness.Mark]) -> Case:
        """The same case with other marks."""
        other = Case(self.folder)
        other.__dict__["marks"] = tuple(marks)
        return other

    @cached_property
    def runs(self) -> tuple[tuple[str, str], ...]:
        """(path, statement) of each ``# run:`` line and of ``runs.txt``; empty where the calls are to be derived."""
        own = self.folder / "runs.txt"
        lines = own.read_text(encoding="utf-8").splitlines() if own.exists() else []
        listed = [tuple(line.split(": ", 1)) for line in lines if line and not line.startswith("#")]
        return (*listed, *((path, text) for path, what, text in self._declared if what == "run"))  # type: ignore[arg-type]

    @cached_property
    def not_run(self) -> str:
        """Why the case cannot be run at all; empty where it can."""
        return " ".join(text for _, what, text in self._declared if what == "not run")

    @cached_property
    def _declared(self) -> list[tuple[str, str, str]]:
        return [
            (path, found["what"], found["text"].strip())
            for path, text in self.files.items()
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and (found := DECLARED.match(token.string))
        ]


def all_cases() -> list[Case]:
    """Every case of the rules and of the silent ones, and the shop."""
    folders = [*FIXTURES.glob("rules/*/*"), *FIXTURES.glob("silent/*"), FIXTURES / "project"]
    return [Case(folder) for folder in sorted(folders) if folder.is_dir() and folder.name != "__pycache__"]
