"""The uWSGI rule beyond its fixtures: the line in the configuration file itself, and the one file that reports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_django_threads.cli import main
from flake8_django_threads.engine import Engine, Options

SPAWN = "from threading import Thread\n\nThread(target=print).start()\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with spawns in two modules, a test and a command."""
    for path in ("first.py", "second.py", "tests/aside.py", "management/commands/run.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(SPAWN, encoding="utf-8")
    (tmp_path / "uwsgi.ini").write_text("[uwsgi]\nmodule = shop.wsgi\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reporting(project: Path, *, survey: bool = True) -> list[str]:
    """The files at which one engine reports, asked in the wrong order."""
    engine = Engine(Options(survey=survey), cwd=str(project))
    files = sorted((path.relative_to(project).as_posix() for path in project.rglob("*.py")), reverse=True)
    return [file for file in files if any(f.code == "DJT901" for f in engine.analyse(file).findings)]


def test_one_file_reports_for_the_project(project: Path) -> None:
    assert reporting(project) == ["first.py"]
    assert [f.code for f in Engine(cwd=str(project)).analyse("second.py").findings] == []
    (project / "first.py").write_text("from threading import Thread\n", encoding="utf-8")
    assert reporting(project) == ["second.py"]


def test_without_a_survey_every_file_does(project: Path) -> None:
    assert reporting(project, survey=False) == ["second.py", "first.py"]


@pytest.mark.usefixtures("project")
def test_djt_fix_names_the_line_of_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "first.py", "second.py"]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "DJT901" in line]
    assert [line.split(" ")[0] for line in lines] == ["first.py:3:1:", "uwsgi.ini:1:1:"]


def test_every_configuration_is_named(project: Path) -> None:
    (project / "deploy").mkdir()
    (project / "deploy" / "start.sh").write_text("uwsgi --http :80 --module shop.wsgi\n", encoding="utf-8")
    (project / "deploy" / "enough.ini").write_text("[uwsgi]\nmodule = x\nthreads = 2\n", encoding="utf-8")
    found = Engine(cwd=str(project)).analyse("first.py").findings
    assert [finding.trail[-1].span.short for finding in found] == ["deploy/start.sh:1", "uwsgi.ini:1"]
    kinds = [(f.remedy.kind, bool(f.remedy.blocked)) for f in found if f.remedy is not None]
    assert kinds == [("ini-enable-threads", True), ("ini-enable-threads", False)]


@pytest.mark.parametrize("name", ["uwsgi.conf", "conf/uwsgi.cfg"])
def test_a_section_makes_a_configuration_of_a_file_of_another_name(project: Path, name: str) -> None:
    (project / "conf").mkdir()
    (project / "uwsgi.ini").rename(project / name)
    assert reporting(project) == ["first.py"]
    (project / name).write_text("[uwsgi]\nmodule = shop.wsgi\nenable-threads = 1\n", encoding="utf-8")
    assert reporting(project) == []


def test_what_cannot_be_read_is_passed_over(project: Path) -> None:
    (project / "uwsgi.ini").write_bytes(b"[uwsgi]\nmodule = \xff\n")
    (project / "uwsgi.json").write_text("{", encoding="utf-8")
    assert reporting(project) == []


def test_a_project_without_spawns_is_not_searched(project: Path) -> None:
    for path in project.rglob("*.py"):
        path.write_text("print(1)\n", encoding="utf-8")
    engine = Engine(cwd=str(project))
    engine.prepare(["."])
    before = engine.sources.path_calls
    assert engine.analyse("first.py").findings == ()
    assert engine.sources.path_calls == before


POETRY = '[[package]]\nname = "uwsgi"\nversion = "{}"\n'
PIPFILE = '{{"default": {{\n"uwsgi": {{\n"index": "pypi",\n"version": "=={}"\n}}}}}}'


@pytest.mark.parametrize(
    ("path", "older", "newer"),
    [
        ("requirements.txt", "uwsgi==2.0.26", "uWSGI == 2.0.27"),
        ("requirements.txt", "pyuwsgi===2.0.23.post0", "pyuwsgi[x]==2.0.30.post1"),
        ("requirements.txt", "uwsgi<2.0.27", "uwsgi<=2.0.27"),
        ("requirements.txt", "uwsgi>=2.0.18,<2.0.20", "uwsgi>=2.0.18,<2.1"),
        ("requirements.txt", "uwsgi-tools\nuwsgitop==2.1", "django\nuwsgi  # the server"),
        ("requirements.txt", "uwsgi\nuwsgi==2.0.20", "uwsgi==2.0.20\nuwsgi==2.0.28"),
        ("requirements/prod.txt", "uwsgi==2.0.1", "uwsgi==2.1"),
        ("constraints.txt", "uwsgi~=2.0.20,<=2.0.26", "uwsgi~=2.0.20"),
        ("poetry.lock", POETRY.format("2.0.26"), POETRY.format("2.0.28")),
        ("Pipfile.lock", PIPFILE.format("2.0.22"), PIPFILE.format("2.0.31")),
        ("pyproject.toml", 'uwsgi = "2.0.24"', 'uwsgi = "^2.0.24"'),
        ("pyproject.toml", 'uwsgi = {version = "2.0.24"}', 'uwsgi = {version = ">=2.0"}'),
        ("pyproject.toml", 'dependencies = [\n  "uwsgi<2.0.25",\n]', 'dependencies = [\n  "uwsgi",\n]'),
        ("environment.yml", "  - uwsgi=2.0.21", "  - uwsgi=2.0.28"),
        ("setup.py", "install_requires=['uwsgi==2.0.20']", "install_requires=['uwsgi>=2.0.20']"),
        (
            "Dockerfile",
            "RUN apt-get install -y \\\n  uwsgi\nCMD ['uwsgi']",
            "RUN pip install -q \\\n  uwsgi \\\n  django",
        ),
        ("Dockerfile", "RUN pip install uwsgi==2.0.21 && ls", "RUN pip3 install uwsgi==2.0.29 && ls"),
        ("Dockerfile", "RUN pip install django && apt-get install uwsgi", "RUN pip install uwsgi"),
        ("deployment/docker/Dockerfile", "RUN apt-get install uwsgi", "RUN uv pip install --no-cache uwsgi"),
        ("deployment/docker/Dockerfile", "RUN pip install uwsgi==2.0.20", "RUN pip install uwsgi==2.0.28"),
    ],
)
def test_a_release_that_runs_threads_by_itself(project: Path, path: str, older: str, newer: str) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(older + "\n", encoding="utf-8")
    assert reporting(project) == ["first.py"]
    (project / path).write_text(newer + "\n", encoding="utf-8")
    assert reporting(project) == []


@pytest.mark.parametrize("path", ["notes.txt", "shop/requirements.txt"])
def test_requirements_of_something_else_say_nothing(project: Path, path: str) -> None:
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).write_text("uwsgi==2.0.30\n", encoding="utf-8")
    assert reporting(project) == ["first.py"]
    (project / "requirements.txt").write_bytes(b"uwsgi==2.0.30 \xff\n")
    assert reporting(project) == ["first.py"]
