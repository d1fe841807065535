"""A process that has Django loaded and runs cases in forked children: reads orders, writes records, both pickled."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from oracle.cases import Case
from oracle.databases import Database
from oracle.lines import Judged, judge
from oracle.process import ChildError
from oracle.run import Record, run_case
from oracle.scene import in_scene, observe


class Zygote:
    """The other end: starts such a process and asks it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._process = subprocess.Popen(
            [sys.executable, "-m", "oracle.zygote"],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, case: Case) -> Record:
        """All runs of a case."""
        record = self._ask(run_case, case, self.database)
        assert isinstance(record, Record)
        return record

    def observe(self, rule: Path, name: str) -> tuple[Any, Any] | str:
        """What an observation sees and expects, or what went wrong."""
        return self._ask(_observed, rule, name, self.database)  # type: ignore[no-any-return]

    def snippet(self, section: int, row: int) -> tuple[str, list[int]]:
        """The version, and how many connections a row of the readers' table leaves. Raises ChildError."""
        answer = self._ask(_measured, section, row, self.database)
        if isinstance(answer, str):
            raise ChildError(answer)
        return answer  # type: ignore[no-any-return]

    def lines(self, case: Case, settings: dict[str, Any]) -> Judged:
        """What becomes of a case's lines, each run by itself. Raises ChildError."""
        answer = self._ask(_judged, case, settings, self.database)
        if isinstance(answer, str):
            raise ChildError(answer)
        assert isinstance(answer, Judged)
        return answer

    def _ask(self, *order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(order, self._process.stdin)
        self._process.stdin.flush()
        return pickle.load(self._process.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _observed(rule: Path, name: str, database: Database) -> tuple[Any, Any] | str:
    try:
        return observe(rule, name, database)
    except ChildError as error:
        return str(error)


def _measured(section: int, row: int, database: Database) -> tuple[str, list[int]] | str:
    from oracle.table import RULE, run_snippet

    try:
        return in_scene(RULE, database, lambda scene: run_snippet(scene, section, row))
    except ChildError as error:
        return str(error)


def _judged(case: Case, settings: dict[str, Any], database: Database) -> Judged | str:
    try:
        return judge(case, database, settings)
    except ChildError as error:
        return str(error)


def main() -> None:
    """Answer until the orders end."""
    import asgiref.sync  # noqa: F401
    import django.contrib
    import django.core.management
    import django.db.backends.sqlite3.base
    import django.db.models
    import django.test  # noqa: F401

    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            function, *order = pickle.load(orders)
        except EOFError:
            return
        pickle.dump(function(*order), answers)
        answers.flush()


if __name__ == "__main__":
    # Under its own name, as what it is asked to call was pickled under that.
    from oracle import zygote

    zygote.main()
