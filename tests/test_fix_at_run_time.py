"""Every repair runs on PostgreSQL before and after the edit: it shows the same, and leaves no session behind."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fix_cases import ALONE, GOLDEN, Case
from fix_marks import MARK

pytestmark = pytest.mark.postgres

Observe = Callable[..., dict[str, Any]]


class InThread(NamedTuple):
    """A function that is called in a thread, behind a query: before the edit it keeps that connection, or breaks it."""

    call: str
    aliases: tuple[str, ...] = ("default",)


# What raises until it is mended, or breaks a connection, cannot show the same before and after.
IN_THREAD = {
    "closes/close_all_with_an_argument": InThread("close"),
    "closes/loop_over_aliases": InThread("close_them"),
    # The job of a scheduler that is not started: it would wait for an hour.
    "libraries/job_that_is_only_one": InThread("sync"),
    "unsafe/drivers_connection": InThread("reset"),
    "unsafe/forgotten_connection": InThread("forget", ("archive",)),
}
# Their close is no ``finally``: it is not reached behind an exception, before the edit or after it.
IN_COROUTINE = {"closes/in_a_coroutine", "closes/through_a_function_in_a_coroutine"}
# The fork's own queries do not fail, and a transaction that is under way would end at it, which makes the edit unsafe.
AT_FORK = {"unsafe/fork_behind_a_query"}
NOT_RUN = {
    "uwsgi/": "no line of Python changes: oracle/test_uwsgi.py asks real servers with each file before and after",
}
# They patch the standard library, which must be done in a process of their own, and before it does anything else.
PATCHED = {
    "traits/patched_below_all_imports": ("eventlet", "eventlet.monkey_patch()"),
    "traits/patched_by_gevent": ("gevent.monkey", "gevent.monkey.patch_all()"),
}


def is_not_run(case: Case) -> bool:
    return case.name.startswith(tuple(NOT_RUN))


def has_code(case: Case, code: str) -> bool:
    return any(f"# {code}" in text for text in case.before.values())


AFTER_COMMIT = [case for case in GOLDEN if has_code(case, "DJT201")]
AS_TESTS = [case for case in GOLDEN if has_code(case, "DJT301")]
OTHERS = {*IN_THREAD, *IN_COROUTINE, *AT_FORK, *PATCHED, *(case.name for case in (*AFTER_COMMIT, *AS_TESTS))}
UNCHANGED_IN_USE = [case for case in GOLDEN if case.name not in OTHERS and not is_not_run(case)]


def of(names: Collection[str]) -> Any:
    """A parameter for the golden cases of these names."""
    cases = {case.name: case for case in GOLDEN}
    return pytest.mark.parametrize("case", [cases[name] for name in sorted(names)], ids=lambda case: case.name)


@pytest.fixture(scope="module")
def observe(postgres: dict[str, str]) -> Iterator[Observe]:
    """A process that runs one folder of code after the other."""
    with observing(postgres, "-m", "stage.run") as ask:
        yield ask


@contextmanager
def observing(postgres: dict[str, str], *python: str) -> Iterator[Observe]:
    here = Path(__file__).parent
    environment = os.environ | postgres | {"PYTHONPATH": os.pathsep.join([str(here), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(
        [sys.executable, *python], env=environment, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None

        def ask(folder: Path, **more: object) -> dict[str, Any]:
            files = sorted(folder.rglob("*.py"))
            names = {file: ".".join(file.relative_to(folder).with_suffix("").parts) for file in files}
            calls = {name: sorted(starters(file.read_text("utf-8"))) for file, name in names.items()}
            case = {"folder": str(folder), "modules": list(names.values()), "calls": calls, "how": "calls", **more}
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


def before_and_after(
    case: Case, observe: Observe, folder: Path, **more: object
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What is seen of the code in each mode, before the edit and after it."""
    seen = []
    for after in (False, True):
        folder.mkdir(exist_ok=True)
        case.lay_out(folder, after=after)
        seen.append(observe(folder, **more))
        shutil.rmtree(folder)
    for mode, before in seen[0].items():
        yield mode, before, seen[1][mode]


def keeps_rows(saw: dict[str, Any]) -> bool:
    """Whether a transaction around the code still wrote what it was to write."""
    return {"before the call", "after the call"} <= {row[0] for row in saw["rows"]}


@pytest.mark.parametrize("case", UNCHANGED_IN_USE, ids=lambda case: case.name)
def test_repair_shows_the_same_and_leaves_nothing(case: Case, observe: Observe, tmp_path: Path) -> None:
    leaked = 0
    for mode, before, after in before_and_after(case, observe, tmp_path / "case"):
        leaked += before["leaked"]
        assert after["leaked"] == 0, (mode, after)
        assert {**after, "leaked": None} == {**before, "leaked": None}, mode
        assert mode != "in a transaction" or keeps_rows(after)
    assert leaked, "the code does not leak"


@of(IN_THREAD)
def test_repair_leaves_a_thread_without_a_connection_that_is_open(case: Case, observe: Observe, tmp_path: Path) -> None:
    call, aliases = IN_THREAD[case.name]
    module = next(name.removesuffix(".py") for name in case.before)
    how = {"how": "in a thread", "calls": {module: [call]}, "aliases": aliases}
    for mode, before, after in before_and_after(case, observe, tmp_path / "case", **how):
        assert after["leaked"] == 0, (mode, after)
        assert "left open: []" in after["printed"], (mode, after)
        assert not any(line.startswith("not usable") for line in after["printed"]), (mode, after)
        raised = [line for line in after["printed"] if line.startswith("raised")]
        assert raised == [] or raised == [line for line in before["printed"] if line.startswith("raised")], mode
        assert after["raised"] == [], mode
        assert mode != "in a transaction" or keeps_rows(after)
        assert before["leaked"] or "left open: []" not in before["printed"], (mode, before)


@of(IN_COROUTINE)
def test_repair_of_a_coroutine_closes_where_its_queries_ran(case: Case, observe: Observe, tmp_path: Path) -> None:
    modes = ("usual", "in a transaction")
    for mode, before, after in before_and_after(case, observe, tmp_path / "case", modes=modes):
        assert (before["leaked"], after["leaked"]) == (1, 0), mode
        assert {**after, "leaked": None} == {**before, "leaked": None}, mode
        assert mode != "in a transaction" or keeps_rows(after)


@of(PATCHED)
def test_repair_leaves_nothing_where_threads_are_greenlets(
    case: Case, postgres: dict[str, str], tmp_path: Path
) -> None:
    module, patch = PATCHED[case.name]
    pytest.importorskip(module)
    code = f"import runpy, {module}; {patch}; runpy.run_module('stage.run', run_name='__main__')"
    with observing(postgres, "-c", code) as observe:
        for mode, before, after in before_and_after(case, observe, tmp_path / "case"):
            assert (before["leaked"], after["leaked"]) == (1, 0), mode
            # What the library's own functions give back is seen too, such as identities of threads.
            other = {"leaked": None, "returned": None}
            assert {**after, **other} == {**before, **other}, mode
            assert mode != "in a transaction" or keeps_rows(after)


@of(AT_FORK)
def test_repair_lets_a_child_inherit_no_open_connection(case: Case, observe: Observe, tmp_path: Path) -> None:
    for _, before, after in before_and_after(case, observe, tmp_path / "case", modes=("usual",)):
        assert (before["inherited"], after["inherited"]) == (["default"], [])
        assert after["leaked"] == 0
        assert (after["rows"], after["raised"]) == (before["rows"], before["raised"])
        assert "archived" in {row[1] for row in after["rows"]}


@pytest.mark.parametrize("case", AS_TESTS, ids=lambda case: case.name)
def test_repair_of_a_test_lets_its_thread_see_its_rows(case: Case, observe: Observe, tmp_path: Path) -> None:
    if "pytest" in case.before[ALONE]:
        pytest.importorskip("pytest_django")
    how = {"how": "as tests", "modes": ("usual", "failing")}
    for mode, before, after in before_and_after(case, observe, tmp_path / "case", **how):
        assert after["leaked"] == 0, (mode, after)
        assert "in a transaction: True" in before["printed"]
        assert "in a transaction: False" in after["printed"]
        assert after["raised"] == before["raised"], mode
        # The first two rows of the stage, that of the set-up, and the test's own.
        assert mode == "failing" or ("4" in after["printed"] and "4" not in before["printed"]), (before, after)


def test_each_case_is_run_in_some_way_or_is_none_to_run() -> None:
    ways = [UNCHANGED_IN_USE, AFTER_COMMIT, AS_TESTS, [case for case in GOLDEN if is_not_run(case)]]
    named = [*IN_THREAD, *IN_COROUTINE, *AT_FORK, *PATCHED, *(case.name for way in ways for case in way)]
    assert sorted(named) == sorted(case.name for case in GOLDEN)
    assert all(any(case.name.startswith(prefix) for case in GOLDEN) for prefix in NOT_RUN)


def test_the_stage_sees_rows_that_a_close_would_lose(observe: Observe, tmp_path: Path) -> None:
    (tmp_path / "case.py").write_text(
        "from threading import Thread\n\nfrom django.db import connections\nfrom orders.models import Order\n\n\n"
        "def sync():\n    try:\n        Order.objects.create()\n    finally:\n        connections.close_all()\n\n\n"
        "def start():\n    sync()\n    Thread(target=sync).start()  # DJT001 boundary\n"
    )
    seen = observe(tmp_path)["in a transaction"]
    assert not keeps_rows(seen)


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
        assert mode != "in a transaction" or keeps_rows(saw)
