"""The plugin as flake8 itself runs it: installed, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import NamedTuple

import pytest

MODELS = """\
from django.db import models


class Order(models.Model):
    pass
"""
JOBS = """\
from shop.models import Order


def recount():
    print(Order.objects.count())
"""
VIEWS = """\
from threading import Thread

from .jobs import recount


def refresh(request):
    Thread(target=recount).start()
    Thread(target=recount).start()  # noqa: DJT001
    Thread(target=recount).start()  # noqa
    Thread(target=recount).start()  # noqa: E501
"""
POOLS = """\
from concurrent.futures import ThreadPoolExecutor
from shop.jobs import recount

def refresh(request, pool=ThreadPoolExecutor()):
    pool.submit(recount)
"""
FOUND = ["shop/pools.py:5:5: DJT101", "shop/views.py:7:5: DJT001", "shop/views.py:10:5: DJT001"]
LINT = """\
import multiprocessing
import sys

from flake8.main.cli import main

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
"""


class Said(NamedTuple):
    code: int
    lines: list[str]
    out: str
    err: str


def flake8(folder: Path, *arguments: str, text: str | bytes = "", python: tuple[str, ...] = ()) -> Said:
    """Run flake8 in ``folder``; ``lines`` are its findings up to the code, sorted."""
    done = subprocess.run(
        [sys.executable, *python, "-m", "flake8", "--isolated", "--select=DJT,E9", *arguments],
        cwd=folder,
        input=text.encode() if isinstance(text, str) else text,
        capture_output=True,
        check=False,
        timeout=60,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    shown = sorted(" ".join(line.split(" ")[:2]).removeprefix("./") for line in out.splitlines())
    return Said(done.returncode, sorted(shown, key=_place), out, err)


def _place(line: str) -> tuple[str, int]:
    path, row, *_ = line.split(":")
    return path, int(row or 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shop.mkdir()
    for name, text in (("__init__", ""), ("models", MODELS), ("jobs", JOBS), ("views", VIEWS), ("pools", POOLS)):
        (shop / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("arguments", [["-j1", "."], ["-j4", "."], ["-j1", "shop"]])
def test_the_same_lines_however_flake8_divides_the_work(project: Path, arguments: list[str]) -> None:
    said = flake8(project, *arguments)
    assert said.lines == FOUND
    assert (said.code, said.err) == (1, "")


def test_the_same_lines_for_each_file_alone(project: Path) -> None:
    lines = [line for name in ("pools", "views") for line in flake8(project, f"shop/{name}.py").lines]
    assert lines == FOUND
    assert flake8(project, "shop/jobs.py", "shop/models.py") == Said(0, [], "", "")


def test_the_same_lines_from_within_the_package(project: Path) -> None:
    """Without a repository around it the working folder is the project, unless packages say more."""
    (project / "manage.py").touch()
    said = flake8(project / "shop", "views.py")
    assert said.lines == ["views.py:7:5: DJT001", "views.py:10:5: DJT001"]


def test_text_from_stdin_stands_for_the_file(project: Path) -> None:
    (project / "shop" / "views.py").write_text("", encoding="utf-8")
    said = flake8(project, "--stdin-display-name=shop/views.py", "-", text=VIEWS)
    assert said.lines == FOUND[1:]
    (project / "shop" / "views.py").write_text(VIEWS, encoding="utf-8")
    assert flake8(project, "--stdin-display-name=shop/views.py", "-", text="print(1)\n") == Said(0, [], "", "")


def test_text_from_stdin_stands_for_a_file_that_spawns_too(project: Path) -> None:
    text = VIEWS.replace("def refresh", "\n\ndef refresh")
    said = flake8(project, "--stdin-display-name=shop/views.py", "-", text=text)
    assert said.lines == ["shop/views.py:9:5: DJT001", "shop/views.py:12:5: DJT001"]


def test_text_from_stdin_is_what_other_files_see(project: Path) -> None:
    said = flake8(project, "--stdin-display-name=shop/jobs.py", "-", "shop/views.py", text="def recount():\n    pass\n")
    assert said == Said(0, [], "", "")


@pytest.mark.parametrize(
    "method", [name for name in ("fork", "spawn", "forkserver") if name in get_all_start_methods()]
)
def test_the_same_lines_however_workers_start(project: Path, method: str) -> None:
    (project / "lint.py").write_text(LINT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "lint.py", method, "-j2", "--isolated", "--select=DJT", "shop"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = [" ".join(line.split(" ")[:2]) for line in done.stdout.splitlines()]
    assert (sorted(lines, key=_place), done.stderr) == (FOUND, "")


def test_text_from_stdin_without_a_name(project: Path) -> None:
    said = flake8(project, "-", text=VIEWS.replace(".jobs", "shop.jobs"))
    assert said.lines == ["stdin:7:5: DJT001", "stdin:10:5: DJT001"]
    assert said.err == ""


def test_the_message_names_the_touch(project: Path) -> None:
    said = flake8(project, "shop/pools.py")
    assert said.out == (
        "shop/pools.py:5:5: DJT101 recount() runs in a pool thread and queries the database "
        "(Order.count, shop/jobs.py:5) but never closes its connection\n"
    )


def test_a_file_with_a_syntax_error_is_flake8s_business(project: Path) -> None:
    (project / "shop" / "views.py").write_text(VIEWS + "def broken(:\n", encoding="utf-8")
    said = flake8(project, "shop")
    assert [line.rpartition(" ")[2] for line in said.lines] == ["DJT101", "E999"]
    assert said.err == ""


def test_a_broken_neighbour_costs_only_what_stands_in_it(project: Path) -> None:
    (project / "shop" / "jobs.py").write_text(JOBS + "def broken(:\n", encoding="utf-8")
    said = flake8(project, "shop")
    assert [line.rpartition(" ")[2] for line in said.lines] == ["E999"]
    assert said.err == ""


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"", []),
        (b"\n", []),
        (b"\xef\xbb\xbf" + VIEWS.encode(), ["DJT001", "DJT001"]),
        (VIEWS.replace("\n", "\r\n").encode(), ["DJT001", "DJT001"]),
        (b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n" + VIEWS.encode(), ["DJT001", "DJT001"]),
        (VIEWS.rstrip("\n").encode(), ["DJT001", "DJT001"]),
        (b"# -*- coding: no-such -*-\n" + VIEWS.encode(), ["DJT001", "DJT001"]),
    ],
    ids=["empty", "one newline", "bom", "crlf", "latin-1", "no last newline", "unknown encoding"],
)
def test_odd_files(project: Path, content: bytes, codes: list[str]) -> None:
    (project / "shop" / "views.py").write_bytes(content)
    said = flake8(project, "shop/views.py")
    assert [line.rpartition(" ")[2] for line in said.lines] == codes
    assert said.err == ""


def test_a_file_that_is_not_utf8_is_no_crash(project: Path) -> None:
    (project / "shop" / "views.py").write_bytes(b"NAME = '\xe9'\n" + VIEWS.encode())
    said = flake8(project, "shop/views.py")
    assert "Traceback" not in said.out + said.err
    assert all(line.rpartition(" ")[2] in ("E902", "E999", "DJT001") for line in said.lines)


def test_files_that_cannot_be_had(project: Path) -> None:
    (project / "shop" / "jobs.py").unlink()
    (project / "shop" / "jobs.py").symlink_to("jobs.py")
    said = flake8(project, "shop/views.py", "shop/missing.py")
    assert [line.rpartition(" ")[2] for line in said.lines] == ["E902"]
    assert said.err == ""


def test_a_file_outside_the_project(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("elsewhere") / "lone.py"
    other.write_text(
        f"from threading import Thread\n{MODELS}\n\nThread(target=Order.objects.count)\n", encoding="utf-8"
    )
    said = flake8(project, str(other), "shop/views.py")
    assert sorted(line.rpartition(" ")[2] for line in said.lines) == ["DJT001", "DJT001", "DJT001"]
    assert said.err == ""


def test_per_file_ignores_and_ignore(project: Path) -> None:
    assert flake8(project, "--per-file-ignores=shop/views.py:DJT", "shop").lines == FOUND[:1]
    assert flake8(project, "--extend-ignore=DJT101", "shop").lines == FOUND[1:]
    assert len(flake8(project, "--disable-noqa", "shop").lines) == 5


def test_a_row_of_the_users_own(project: Path) -> None:
    rows = '[[spawn]]\npath = "house.later"\ncallable = { position = 0 }\nkind = "thread"\nwhy = "Ours."\n'
    (project / "rows.toml").write_text(rows, encoding="utf-8")
    (project / "own.py").write_text("from house import later\nfrom shop.jobs import recount\nlater(recount)\n")
    assert flake8(project, "own.py").lines == []
    assert flake8(project, "--djt-models=rows.toml", "own.py").lines == ["own.py:3:1: DJT001"]
    (project / "setup.cfg").write_text("[flake8]\ndjt_models = rows.toml\nselect = DJT\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "own.py"], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("own.py:3:1: DJT001 ")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.toml", None, "missing.toml"),
        ("broken.toml", "[[spawn]\n", "broken.toml"),
        ("key.toml", '[[spawn]]\npath = "a.b"\nkind = "thread"\nwhy = "x"\ncolour = "red"\n', "colour"),
        ("table.toml", '[[colour]]\npath = "a.b"\n', "colour"),
    ],
)
def test_a_bad_models_file_is_one_clear_line(project: Path, name: str, content: str | None, words: str) -> None:
    if content is not None:
        (project / name).write_text(content, encoding="utf-8")
    said = flake8(project, "-j1", f"--djt-models={name}", "shop")
    assert said.code == 1
    assert said.lines == []
    lines = said.err.splitlines() or said.out.splitlines()
    assert len(lines) == 1, said.err
    assert words in lines[0]
    assert name in lines[0]


PROBE = """\
import sys

import flake8.main.cli

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "shop", "astroid", "libcst"):
            raise AssertionError(f"{name} was imported")

sys.meta_path.insert(0, Refuse())
sys.exit(flake8.main.cli.main(["-j1", "--isolated", "--select=DJT", "shop"]))
"""


def test_neither_django_nor_the_linted_code_is_imported(project: Path) -> None:
    for path in (project / "shop").glob("*.py"):
        trap = "import pathlib\npathlib.Path('was_imported').touch()\n"
        path.write_text(path.read_text(encoding="utf-8") + trap, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["", os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=project, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(FOUND)
    assert not (project / "was_imported").exists()


def test_a_project_without_threads_never_loads_the_interpreter(project: Path) -> None:
    for name in ("views", "pools"):
        (project / "shop" / f"{name}.py").unlink()
    probe = PROBE.replace("sys.exit(", "code = ").replace('"shop"]))', '"shop"])')
    probe += "print(code, [name for name in sys.modules if name in ('astroid', 'libcst', 'django')])\n"
    done = subprocess.run([sys.executable, "-c", probe], cwd=project, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("0 []\n", "")


def test_flake8_shows_the_plugin_and_its_options(project: Path) -> None:
    command = [sys.executable, "-m", "flake8", "--isolated"]
    version = subprocess.run([*command, "--version"], cwd=project, capture_output=True, text=True, check=True)
    assert "flake8-django-threads" in version.stdout
    options = subprocess.run([*command, "--help"], cwd=project, capture_output=True, text=True, check=True)
    assert "--djt-models" in options.stdout
    assert "--djt-enable" in options.stdout
