"""The fork rule beyond its fixtures: how processes are made is the whole project's choice, and its cost is opt-in."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_django_threads.engine import Engine, Options

JOBS = """\
from multiprocessing import Process

from django.db import models


class Order(models.Model):
    pass


def recount():
    print(Order.objects.count())


def refresh():
    recount()
    Process(target=recount).start()
"""


def lines(folder: Path, enable: tuple[str, ...] = ("DJT502",)) -> list[str]:
    report = Engine(Options(enable=frozenset(enable)), cwd=str(folder)).analyse("jobs.py")
    return [f"{finding.code} {finding.span.line}" for finding in report.findings]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text(JOBS, encoding="utf-8")
    (tmp_path / "manage.py").write_text("import sys\n", encoding="utf-8")
    return tmp_path


def test_it_is_opt_in(project: Path) -> None:
    assert lines(project) == ["DJT502 16"]
    assert lines(project, ()) == []


def test_the_nearest_query_is_the_evidence(project: Path) -> None:
    """Also where it is made by the very call that gives the process."""
    text = JOBS.replace("    Process(target=recount).start()", "    ready().start()\n    print(Order.objects.last())")
    text += "\n\ndef ready():\n    print(Order.objects.exists())\n    return Process(target=recount)\n"
    (project / "jobs.py").write_text(text, encoding="utf-8")
    report = Engine(Options(enable=frozenset({"DJT502"})), cwd=str(project)).analyse("jobs.py")
    (finding,) = report.findings
    assert "opened by Order.exists, line 16" in finding.message


@pytest.mark.parametrize("name", ["jobs.py", "manage.py"])
def test_a_project_that_chooses_how_processes_are_made_is_left_alone(project: Path, name: str) -> None:
    text = (project / name).read_text(encoding="utf-8")
    choice = 'import multiprocessing\nmultiprocessing.set_start_method("spawn")\n'
    (project / name).write_text(text + choice, encoding="utf-8")
    assert lines(project) == []


def test_the_trail_leads_from_the_query_to_the_child(project: Path) -> None:
    report = Engine(Options(enable=frozenset({"DJT502"})), cwd=str(project)).analyse("jobs.py")
    (finding,) = report.findings
    assert [step.span.line for step in finding.trail] == [15, 16, 16, 11]
    assert finding.remedy is not None
    assert finding.remedy.kind == "close-before-fork"


CHILD_IS_THE_BODY = ("pid == 0", "pid is 0", "not pid", "not pid != 0", "not pid > 0", "not not pid == 0")
CHILD_IS_THE_ELSE = ("pid", "pid != 0", "pid > 0", "not pid == 0", "not not pid")
NOBODY_KNOWS = ("pid == 1", "pid == limit", "pid > 1", "pid != limit", "limit == 0", "limit", "pid == 0 == limit")


@pytest.mark.parametrize("test", [*CHILD_IS_THE_BODY, *CHILD_IS_THE_ELSE, *NOBODY_KNOWS])
@pytest.mark.parametrize("walrus", [False, True])
def test_the_child_of_os_fork_is_where_its_result_is_zero(project: Path, test: str, walrus: bool) -> None:
    asked = test.replace("pid", "(pid := os.fork())") if walrus else test
    text = JOBS.partition("def refresh")[0] + "import os\n\n\ndef refresh(limit):\n    Order.objects.first()\n"
    text += f"    {'pass' if walrus else 'pid = os.fork()'}\n    if {asked}:\n        {{}}\n    else:\n        {{}}\n"
    found = []
    for arms in (("recount()", "os._exit(0)"), ("os._exit(0)", "recount()")):
        (project / "jobs.py").write_text(text.format(*arms), encoding="utf-8")
        found.append(bool(lines(project)))
    assert found == [test in CHILD_IS_THE_BODY, test in CHILD_IS_THE_ELSE]
