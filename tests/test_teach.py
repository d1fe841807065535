"""Users teach the linter their own code: rows in pyproject.toml or in files, and what each of them changes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flake8_django_threads.engine import BadRow, Engine, Options

FILES = {
    "manage.py": "",
    "shop/__init__.py": "",
    "shop/models.py": """
from django.db import models

class Order(models.Model):
    pass
""",
    "shop/house.py": """
import plugins

later = plugins.load("later")
Record = plugins.load("record")
handles = []

def tidy(function):
    def inner(*args):
        try:
            return function(*args)
        finally:
            handles.clear()
    return inner
""",
    "shop/views.py": """
from threading import Thread, Timer
import plugins
from shop.house import Record, later, tidy
from shop.models import Order

class Note(Record):
    pass

class Memo(plugins.Base):
    pass

class Runner:
    def soon(self, job):
        plugins.run(job)

def count():
    Order.objects.count()

@tidy
def tidied():
    Order.objects.count()

def note():
    Note.objects.create()

def memo():
    Memo.objects.create()

def spawns():
    later(count)  # spawn
    Thread(target=note).start()  # model
    Thread(target=tidied).start()  # close
    Timer(1, count).start()  # retire
    Thread(target=memo).start()  # class
    Runner().soon(count)  # method
    Thread(target=count).start()  # always
""",
}
SPAWN = '[[{0}spawn]]\npath = "shop.house.later"\ncallable = {{ position = 0 }}\nkind = "thread"\nwhy = "Ours."\n'
CLOSE = '[[{0}wrapper]]\npath = "shop.house.tidy"\ncallable = {{ position = 0 }}\ndoes = "close"\nwhy = "Ours."\n'
MODEL = '[[{0}type]]\npath = "shop.house.Record"\nbases = ["django.db.models.Model"]\nwhy = "Ours."\n'
CLASS = '[[{0}type]]\npath = "shop.views.Memo"\nbases = ["django.db.models.Model"]\nwhy = "Ours."\n'
METHOD = SPAWN.replace("shop.house.later", "shop.views.Runner().soon")
RETIRE = '[[{0}spawn]]\npath = "threading.Timer"\nenabled = false\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def found(project: Path, *models: Path) -> str:
    report = Engine(Options(models=tuple(map(str, models))), cwd=str(project)).analyse("shop/views.py")
    assert not report.problems
    text = FILES["shop/views.py"].splitlines()
    return " ".join(text[finding.span.line - 1].rpartition("# ")[2] for finding in report.findings)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("", "close retire always"),
        (SPAWN, "spawn close retire always"),
        (MODEL, "model close retire always"),
        (CLOSE, "retire always"),
        (RETIRE, "close always"),
        (CLASS, "close retire class always"),
        (METHOD, "close retire method always"),
        (SPAWN + MODEL + CLOSE + CLASS + METHOD + RETIRE, "spawn model class method always"),
    ],
    ids=["none", "spawn", "model", "close", "retire", "class", "method", "all"],
)
def test_rows_change_what_they_are_about(project: Path, rows: str, expected: str) -> None:
    (project / "rows.toml").write_text(rows.format(""), encoding="utf-8")
    assert found(project, project / "rows.toml") == expected
    (project / "pyproject.toml").write_text(rows.format("tool.flake8-django-threads."), encoding="utf-8")
    assert found(project) == expected


def test_a_later_row_wins(project: Path) -> None:
    (project / "pyproject.toml").write_text(SPAWN.format("tool.flake8-django-threads."), encoding="utf-8")
    (project / "no.toml").write_text('[[spawn]]\npath = "shop.house.later"\nenabled = false\n', encoding="utf-8")
    assert "spawn" in found(project)
    assert "spawn" not in found(project, project / "no.toml")


def test_the_section_names_files_and_codes(project: Path) -> None:
    (project / "rows").mkdir()
    (project / ".git").mkdir()
    (project / "rows" / "own.toml").write_text(SPAWN.format(""), encoding="utf-8")
    section = '[tool.flake8-django-threads]\nmodels = ["rows/own.toml"]\nenable = ["DJT900"]\n'
    (project / "pyproject.toml").write_text(section, encoding="utf-8")
    assert "spawn" in found(project)
    below = Engine(cwd=str(project / "shop")).analyse("views.py")
    assert [finding.span.line for finding in below.findings] == [
        finding.span.line for finding in Engine(cwd=str(project)).analyse("shop/views.py").findings
    ]


BROKEN = [
    ("[[{0}spawns]]\npath = 'a.b'\n", "spawns"),
    ("[[{0}spawn]]\npath = 'a.b'\nkind = 'thread'\nwhy = 'w'\ncolour = 1\n", "colour"),
    ("[[{0}spawn]]\npath = 'a.b'\nwhy = 'w'\n", "kind"),
    ("[[{0}spawn]]\npath = 'a.b'\nkind = 'fibre'\nwhy = 'w'\n", "kind"),
    ("[[{0}spawn]]\nkind = 'thread'\nwhy = 'w'\n", "path"),
    ("[[{0}spawn]]\npath = 'a b'\nkind = 'thread'\nwhy = 'w'\n", "path"),
    ("[[{0}close]]\npath = 'a.b'\ncloses = 'most'\nwhy = 'w'\n", "closes"),
    ("[[{0}wrapper]]\npath = 'a.b'\ndoes = 'magic'\nwhy = 'w'\n", "does"),
    ("[[{0}touch]]\npath = 'a.b'\n", "why"),
    ("[[{0}type]]\npath = 'a.b'\nbases = 'c.D'\nwhy = 'w'\n", "bases"),
    ("[[{0}quiet]\n", "TOML"),
]


@pytest.mark.parametrize("where", ["tool.flake8-django-threads.", ""], ids=["pyproject", "file"])
@pytest.mark.parametrize(("text", "word"), BROKEN)
def test_a_broken_row_is_one_line_and_exit_code_1(project: Path, text: str, word: str, where: str) -> None:
    name = "pyproject.toml" if where else "rows.toml"
    (project / name).write_text(text.format(where), encoding="utf-8")
    option = [] if where else ["--djt-models=rows.toml"]
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=DJT", *option, "shop"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.count(name) == 1
    assert word in line
    assert re.search(r"expected|did you mean", line), line
    # All but the unknown table and the file that is no TOML name the one row.
    assert ("row 1" in line) == (word not in ("spawns", "TOML"))


@pytest.mark.parametrize("value", ["models = 'rows.toml'", "enable = [1]"])
def test_a_list_is_asked_for(project: Path, value: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.flake8-django-threads]\n{value}\n", encoding="utf-8")
    with pytest.raises(BadRow, match=r"expected a list of texts"):
        Engine(cwd=str(project))


def test_a_section_that_is_no_table(project: Path) -> None:
    (project / "pyproject.toml").write_text("tool.flake8-django-threads = 3\n", encoding="utf-8")
    with pytest.raises(BadRow, match=r"expected a table"):
        Engine(cwd=str(project))


def test_another_tools_broken_file_is_not_our_matter(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other\n", encoding="utf-8")
    assert found(project) == "close retire always"


def test_djt_fix_says_the_same(project: Path) -> None:
    (project / "pyproject.toml").write_text(BROKEN[0][0].format("tool.flake8-django-threads."), encoding="utf-8")
    command = [sys.executable, "-c", "from flake8_django_threads.cli import main; raise SystemExit(main())", "--check"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert "pyproject.toml" in line


def test_the_page_about_it_tells_the_truth(project: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "teach.md").read_text(encoding="utf-8")
    kinds = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    background, views = (text for kind, text in kinds if kind == "python")
    rows, retired, *_ = (text for kind, text in kinds if kind == "toml")
    (said,) = (text for kind, text in kinds if kind == "text")
    (project / "shop" / "background.py").write_text(background, encoding="utf-8")
    (project / "shop" / "views.py").write_text(views, encoding="utf-8")
    assert flake8(project) == ""
    (project / "pyproject.toml").write_text(rows, encoding="utf-8")
    assert flake8(project) == said
    (project / "pyproject.toml").write_text(rows + retired.replace("threading.Timer", "shop.background.run_later"))
    assert flake8(project) == ""


def flake8(project: Path) -> str:
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=DJT", "shop"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout
