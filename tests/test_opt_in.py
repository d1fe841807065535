"""Opt-in codes are on only where they are named, whatever flake8's own options say; ignores work as for any."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

VIEWS = """\
from threading import Thread

from django.db import connections, models, transaction


class Order(models.Model):
    pass


def recount():
    try:
        print(Order.objects.count())
    finally:
        connections.close_all()


def refresh(request, job):
    Thread(target=job).start()
    with transaction.atomic():
        Thread(target=recount).start()
        Thread(target=recount).start()  # noqa: DJT201
        Thread(target=recount).start()  # noqa: DJT001
"""
UNKNOWN = "18 DJT900"
INSIDE = ["20 DJT201", "22 DJT201"]


def flake8(folder: Path, *arguments: str, configuration: str = "") -> list[str]:
    """Line and code of each finding of flake8, run with the arguments and the text of its configuration file."""
    (folder / "views.py").write_text(VIEWS, encoding="utf-8")
    (folder / ".flake8").write_text(f"[flake8]\n{configuration}\n", encoding="utf-8")
    command = [sys.executable, "-m", "flake8", *arguments, "views.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return [" ".join((line.split(":")[1], line.split(" ")[1])) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--select=DJT",),
        ("--select=DJT201,DJT900",),
        ("--select=E,W,DJT",),
        ("--extend-select=DJT",),
        ("--extend-select=DJT900",),
        ("--ignore=E203",),
        ("--ignore=",),
        ("--extend-ignore=E203",),
    ],
    ids=" ".join,
)
def test_no_option_of_flake8_switches_an_opt_in_code_on(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert flake8(tmp_path, *arguments) == INSIDE


@pytest.mark.parametrize(
    "arguments", [(), ("--select=DJT",), ("--extend-select=DJT",), ("--ignore=E203",)], ids=" ".join
)
def test_a_code_that_is_asked_for_is_on(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert flake8(tmp_path, "--djt-enable=DJT302,DJT900", *arguments) == [UNKNOWN, *INSIDE]


def test_a_configuration_file_asks_for_it_too(tmp_path: Path) -> None:
    assert flake8(tmp_path, configuration="djt-enable = DJT900\nignore = E203") == [UNKNOWN, *INSIDE]
    assert flake8(tmp_path, configuration="ignore = E203") == INSIDE
    assert flake8(tmp_path, configuration="select = DJT") == INSIDE


def test_a_selection_without_it_leaves_it_out(tmp_path: Path) -> None:
    assert flake8(tmp_path, "--djt-enable=DJT900", "--select=DJT2") == INSIDE
    assert flake8(tmp_path, "--djt-enable=DJT900", "--select=DJT9") == [UNKNOWN]
    assert flake8(tmp_path, "--djt-enable=DJT900", "--extend-ignore=DJT900") == INSIDE
    assert flake8(tmp_path, "--select=E") == []


def test_ignores_for_files(tmp_path: Path) -> None:
    assert flake8(tmp_path, "--djt-enable=DJT900", "--per-file-ignores=views.py:DJT201") == [UNKNOWN]
    assert flake8(tmp_path, "--djt-enable=DJT900", "--per-file-ignores=views.py:DJT") == []
    assert flake8(tmp_path, "--djt-enable=DJT900", "--per-file-ignores=other.py:DJT") == [UNKNOWN, *INSIDE]


def test_noqa_speaks_of_the_code_that_it_names(tmp_path: Path) -> None:
    lines = flake8(tmp_path, "--select=DJT", "--disable-noqa")
    assert lines == ["20 DJT201", "21 DJT201", "22 DJT201"]


@pytest.mark.parametrize(
    ("options", "table", "line"),
    [
        (("--djt-enable=DJT900,DJT9",), "", "flake8-django-threads: enable: there is no rule DJT9"),
        (
            (),
            'enable = ["DJT000"]',
            "flake8-django-threads: pyproject.toml: [tool.flake8-django-threads]: enable: there is no rule DJT000",
        ),
    ],
)
def test_a_code_that_no_rule_has_ends_with_one_line(
    tmp_path: Path, options: tuple[str, ...], table: str, line: str
) -> None:
    (tmp_path / "views.py").write_text(VIEWS, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(f"[tool.flake8-django-threads]\n{table}\n", encoding="utf-8")
    command = [sys.executable, "-m", "flake8", "--isolated", *options, "views.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (1, "", [line])
