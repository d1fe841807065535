"""Every repair runs on PostgreSQL before and after the edit: it shows the same, and leaves no session behind."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_cases import AFTER_COMMIT, ALONE, UNCHANGED_IN_USE, Case
from fix_marks import MARK

Observe = Callable[[Path], dict[str, Any]]
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def observe(postgres: dict[str, str]) -> Iterator[Observe]:
    """A process that runs one folder of code after the other."""
    here = Path(__file__).parent
    command = [sys.executable, "-m", "stage.run"]
    environment = os.environ | postgres | {"PYTHONPATH": os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        command, env=environment, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None

        def ask(folder: Path) -> dict[str, Any]:
            files = sorted(folder.rglob("*.py"))
            names = {file: ".".join(file.relative_to(folder).with_suffix("").parts) for file in files}
            calls = {name: sorted(starters(file.read_text("utf-8"))) for file, name in names.items()}
            case = {"folder": str(folder), "modules": list(names.values()), "calls": calls}
            print(json.dumps(case), file=process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            assert "error" not in answer, answer["error"]
            return answer

        yield ask
        process.stdin.close()


def starters(text: str) -> set[str]:
    """What has to be called so that the marked spawns happen; a class of threads for a mark on its ``run``.

    A function that is only ever spawned is not called, though another spawn stands in it; nor is one that is given a
    ``function``.
    """
    lines = text.split("\n")
    marks = {number for number, line in enumerate(lines, 1) if "# DJT" in line}
    spawned = {mark[3] for line in lines if (mark := MARK.search(line)) and mark[2] == "in-place"}
    found = set()
    for node in ast.parse(text).body:
        methods = node.body if isinstance(node, ast.ClassDef) else [node]
        for method in methods:
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([method.lineno, *(mark.lineno for mark in method.decorator_list)])
                own = set(range(first, (method.end_lineno or 0) + 1))
                name = f"{node.name}.{method.name}" if isinstance(node, ast.ClassDef) else method.name
                takes_code = "function" in (argument.arg for argument in method.args.args)
                if marks & own and not takes_code and (name not in spawned or method.name == "run"):
                    found.add(name.removesuffix(".run"))
    return found


@pytest.mark.parametrize("case", UNCHANGED_IN_USE, ids=lambda case: case.name)
def test_repair_shows_the_same_and_leaves_nothing(case: Case, observe: Observe, tmp_path: Path) -> None:
    seen = {}
    for state in ("before", "after"):
        folder = tmp_path / state
        folder.mkdir()
        case.lay_out(folder, after=state == "after")
        seen[state] = observe(folder)
        shutil.rmtree(folder)
    before, after = seen["before"], seen["after"]
    assert any(mode["leaked"] for mode in before.values()), "the code does not leak"
    for mode, saw in after.items():
        assert saw["leaked"] == 0, (mode, saw)
        assert {**saw, "leaked": None} == {**before[mode], "leaked": None}, mode
    rows = [row[0] for row in after["in a transaction"]["rows"]]
    assert {"before the call", "after the call"} <= set(rows)


def test_the_stage_sees_rows_that_a_close_would_lose(observe: Observe, tmp_path: Path) -> None:
    (tmp_path / "case.py").write_text(
        "from threading import Thread\n\nfrom django.db import connections\nfrom orders.models import Order\n\n\n"
        "def sync():\n    try:\n        Order.objects.create()\n    finally:\n        connections.close_all()\n\n\n"
        "def start():\n    sync()\n    Thread(target=sync).start()  # DJT001 boundary\n"
    )
    seen = observe(tmp_path)["in a transaction"]
    assert "before the call" not in [row[0] for row in seen["rows"]]


@pytest.mark.parametrize("case", AFTER_COMMIT, ids=lambda case: case.name)
def test_what_waits_for_the_commit_runs_behind_it_and_leaves_nothing(
    case: Case, observe: Observe, tmp_path: Path
) -> None:
    case.lay_out(tmp_path, after=True)
    for mode, saw in observe(tmp_path).items():
        assert saw["leaked"] == 0, (mode, saw)
        rows = {(row[0], row[1]) for row in saw["rows"]}
        made = {name for name, _ in rows} & {"a", "b"}
        # Before the commit the thread would not have found them.
        assert {("a", "seen"), ("a", "late")} & rows or mode == "failing" or "archive" in case.before[ALONE], mode
        assert made, mode
        assert mode != "in a transaction" or {"before the call", "after the call"} <= {name for name, _ in rows}
