"""The engine's front door: what goes in, and what a report says."""

from __future__ import annotations

import ast
import gc
import os
from pathlib import Path

import pytest

from flake8_django_threads.base import Problem
from flake8_django_threads.engine import Engine, Options, Report

MODELS = "from django.db import models\n\n\nclass Order(models.Model):\n    pass\n"
JOBS = "from shop.models import Order\n\n\ndef recount():\n    print(Order.objects.count())\n"
VIEWS = (
    "from threading import Thread\n\nfrom shop.jobs import recount\n\n\ndef refresh(request, unknown):\n"
    "    Thread(target=recount).start()\n    Thread(target=print).start()\n    Thread(target=unknown).start()\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    for name, text in (("__init__", ""), ("models", MODELS), ("jobs", JOBS), ("views", VIEWS)):
        (tmp_path / "shop" / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def lines(report: Report) -> list[tuple[str, int]]:
    return [(finding.code, finding.span.line) for finding in report.findings]


def test_a_report_counts_sites_and_reasons(project: Path) -> None:
    report = Engine(cwd=str(project)).analyse("shop/views.py")
    assert lines(report) == [("DJT001", 7)]
    assert (report.spawns, report.leaking) == (3, 1)
    assert report.resolved + sum(count for _, count in report.unknown) == report.spawns
    assert report.problems == ()


def test_the_trail_leads_from_the_spawn_to_the_touch(project: Path) -> None:
    (finding,) = Engine(cwd=str(project)).analyse("shop/views.py").findings
    assert finding.trail[0].span.short == "shop/views.py:7"
    assert finding.trail[-1].span.short == "shop/jobs.py:5"
    (project / "shop" / "nightly.py").write_text(
        "from threading import Thread\n\nfrom shop import jobs\n\n\ndef work():\n    jobs.recount()\n\n\n"
        "def view(request):\n    Thread(target=work).start()\n",
        encoding="utf-8",
    )
    (longer,) = Engine(cwd=str(project)).analyse("shop/nightly.py").findings
    assert [(step.span.short, step.text) for step in longer.trail] == [
        ("shop/nightly.py:11", "hands work() to another thread"),
        ("shop/nightly.py:11", "calls work"),
        ("shop/nightly.py:7", "calls recount"),
        ("shop/jobs.py:5", "touches the database: Order.count"),
    ]
    assert finding.remedy is not None
    assert finding.remedy.entry is not None
    assert finding.remedy.entry.qualname == "recount"
    assert finding.remedy.target is not None
    assert VIEWS.split("\n")[6][finding.remedy.target.col : finding.remedy.target.end_col] == "recount"


def test_the_answer_is_the_same_in_any_order_and_a_second_time(project: Path) -> None:
    alone = {name: Engine(cwd=str(project)).analyse(f"shop/{name}.py") for name in ("models", "jobs", "views")}
    for order in (("models", "jobs", "views"), ("views", "jobs", "models"), ("views", "views", "jobs")):
        engine = Engine(cwd=str(project))
        for name in order:
            assert engine.analyse(f"shop/{name}.py").findings == alone[name].findings


def test_a_tree_from_flake8_gives_what_the_file_gives(project: Path) -> None:
    given = Engine(cwd=str(project)).analyse("shop/views.py", ast.parse(VIEWS), VIEWS.splitlines(keepends=True))
    assert given.findings == Engine(cwd=str(project)).analyse("shop/views.py").findings


def test_files_are_named_as_seen_from_the_working_folder(project: Path) -> None:
    absolute = os.fspath(project / "shop" / "views.py")
    for path in (absolute, "./shop/views.py", "shop/views.py"):
        (finding,) = Engine(cwd=str(project)).analyse(path).findings
        assert finding.span.path == "shop/views.py"


def test_an_overlay_stands_for_the_disk(project: Path) -> None:
    quiet = JOBS.replace("Order.objects.count()", "'nothing'")
    overlay = {os.fspath(project / "shop" / "jobs.py"): quiet}
    assert lines(Engine(overlay=overlay, cwd=str(project)).analyse("shop/views.py")) == []
    overlay = {os.fspath(project / "shop" / "new.py"): VIEWS}
    assert lines(Engine(overlay=overlay, cwd=str(project)).analyse("shop/new.py")) == [("DJT001", 7)]


def test_a_file_that_cannot_be_had_is_a_problem(project: Path) -> None:
    engine = Engine(cwd=str(project))
    assert engine.analyse("shop/missing.py").problems == (Problem("shop/missing.py", 1, "No such file or directory"),)
    (project / "latin.py").write_bytes(b"from threading import Thread\nname = '\xe9'\n")
    (problem,) = engine.analyse("latin.py").problems
    assert (problem.path, problem.line) == ("latin.py", 2)


def test_a_file_that_does_not_parse_is_a_problem(project: Path) -> None:
    (project / "broken.py").write_text("from threading import Thread\nThread(\n", encoding="utf-8")
    report = Engine(cwd=str(project)).analyse("broken.py")
    assert report.findings == ()
    assert [problem.path for problem in report.problems] == ["broken.py"]


def test_the_gate_stops_a_file_without_spawning_words_unparsed(project: Path) -> None:
    (project / "quiet.py").write_text("def broken(:\n", encoding="utf-8")
    assert Engine(cwd=str(project)).analyse("quiet.py").findings == ()


@pytest.mark.parametrize(
    "text", ["", "\n", "# Thread\n", '"""Thread(target=f)"""\n', "Thread = None\n", "def Thread(): ...\n"]
)
def test_words_alone_are_no_spawn(project: Path, text: str) -> None:
    (project / "words.py").write_text(text, encoding="utf-8")
    assert Engine(cwd=str(project)).analyse("words.py") == Report()


def test_rows_of_the_users_own(project: Path) -> None:
    rows = project / "rows.toml"
    rows.write_text('[[touch]]\npath = "house.ask"\nwhy = "Asks."\n', encoding="utf-8")
    text = "from threading import Thread\nfrom house import ask\nThread(target=ask)\n"
    (project / "own.py").write_text(text, encoding="utf-8")
    assert lines(Engine(cwd=str(project)).analyse("own.py")) == []
    assert lines(Engine(Options(models=(str(rows),)), cwd=str(project)).analyse("own.py")) == [("DJT001", 3)]


@pytest.mark.parametrize("lasting", [False, True])
def test_the_collector_forgets_only_what_lasts(lasting: bool, project: Path) -> None:
    before = gc.get_freeze_count()
    try:
        engine = Engine(Options(lasting=lasting), cwd=str(project))
        engine.prepare(["."])
        assert engine.analyse("shop/views.py").spawns
        assert (gc.get_freeze_count() > before) is lasting
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_a_second_look_sees_what_an_edit_does_to_callers_in_other_files(project: Path) -> None:
    """It looks at this file's closes alone, and finds their callers all the same."""
    sale = "from django.db import transaction\n\nfrom shop.jobs import recount\n\n\n@transaction.atomic\ndef sell():\n"
    (project / "shop" / "sale.py").write_text(f"{sale}    recount()\n", encoding="utf-8")
    engine = Engine(cwd=str(project))
    assert lines(engine.analyse("shop/jobs.py")) == []
    closing = JOBS.replace("from shop", "from django.db import connection\nfrom shop") + "    connection.close()\n"
    again = engine.again({str(project / "shop" / "jobs.py"): closing}, proving=True)
    assert lines(again.analyse("shop/jobs.py")) == [("DJT202", 7)]
    assert lines(engine.analyse("shop/jobs.py")) == []


def test_a_second_look_tells_what_it_does_not_know(project: Path) -> None:
    engine = Engine(cwd=str(project))
    assert lines(engine.analyse("shop/views.py")) == [("DJT001", 7)]
    again = engine.again({str(project / "shop" / "views.py"): f"\n{VIEWS}"}, proving=True)
    assert lines(again.analyse("shop/views.py")) == [("DJT001", 8), ("DJT900", 10)]


def test_a_query_handed_over_by_itself_in_a_test_with_doubles(tmp_path: Path) -> None:
    """No call leads to it that a double could stand before."""
    (tmp_path / "test_sale.py").write_text(
        "import threading\n"
        "from unittest.mock import patch\n\n"
        "from django.test import TestCase\n"
        "from shop.models import Order\n\n\n"
        "class CountTest(TestCase):\n"
        '    @patch("shop.models.send")\n'
        "    def test_count(self, send):\n"
        "        thread = threading.Thread(target=Order.objects.create)\n"
        "        thread.start()\n"
        "        thread.join()\n"
    )
    found = Engine(cwd=str(tmp_path)).analyse("test_sale.py").findings
    assert [finding.code for finding in found] == ["DJT001", "DJT301"]
