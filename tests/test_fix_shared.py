"""A wrapper that several files of a package need: made once, and imported."""

from __future__ import annotations

import errno
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_cases import LINTED, Case, mend

from flake8_django_threads.cli import main
from flake8_django_threads.fix.plan import Change
from flake8_django_threads.fix.write import write

TWO = next(case for case in LINTED if case.name == "files/wrapper_for_two_files")
MODULE, ORDERS, JOBS = "shop/closing_connections.py", "shop/orders.py", "shop/late/jobs.py"
LOCAL = "def closing_connections("


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    TWO.project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(case: Case, folder: Path, edit: Callable[[str], str] = str) -> dict[str, str]:
    """What the fixer makes of the case where each file was edited before."""
    files = {name: edit(text) for name, text in case.before.items()}
    paths = Case(case.name, files, files).project(folder)
    _, made = mend(folder, list(paths.values()))
    assert made.problems == made.refused == ()
    return {str(Path(change.path).relative_to(folder)): change.after.decode() for change in made.changes}


def test_it_is_shown_made_and_not_made_again(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--diff", "."]) == 1
    assert f"--- /dev/null\n+++ b/{MODULE}\n@@ -0,0 +1,18 @@\n" in capsys.readouterr().out
    assert main(["--write", "."]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [f"made {MODULE}", f"fixed {JOBS} (1 finding)", f"fixed {ORDERS} (1 finding)"]
    assert {name: (project / name).read_text() for name in TWO.after} == TWO.after
    assert stat.S_IMODE((project / MODULE).stat().st_mode) == stat.S_IMODE(
        (project / "shop/__init__.py").stat().st_mode
    )
    assert main(["--write", "."]) == 0


def test_nothing_is_changed_that_would_need_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "shop").chmod(0o555)
    try:
        assert main(["--write", "."]) == 2
    finally:
        (project / "shop").chmod(0o755)
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == [
        f"{MODULE}: cannot be written: its folder is read-only",
        f"{JOBS}: is left: it would need {MODULE}",
    ]
    assert {name: (project / name).read_text() for name in TWO.before} == TWO.before
    assert not (project / MODULE).exists()


def test_what_came_meanwhile_is_not_replaced(project: Path) -> None:
    (project / MODULE).write_text("x = 1\n")
    with pytest.raises(FileExistsError):
        write(Change(str(project / MODULE), None, b"x = 2\n", ()))
    assert (project / MODULE).read_text() == "x = 1\n"
    assert {path.name for path in (project / "shop").iterdir()} == {
        "__init__.py", "names.py", "orders.py", "late", "closing_connections.py",
    }  # fmt: skip


def test_it_is_made_where_there_are_no_hard_links(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert main(["--write", "."]) == 1
    assert {name: (project / name).read_text() for name in TWO.after} == TWO.after
    with pytest.raises(PermissionError):
        write(Change(str(project / MODULE), None, b"x = 2\n", ()))
    assert (project / MODULE).read_text() == TWO.after[MODULE]
    assert [path.name for path in project.rglob(".*")] == []


def test_a_package_needs_no_init(tmp_path: Path) -> None:
    files = {name: text for name, text in TWO.before.items() if text}
    assert changed(Case(TWO.name, files, files), tmp_path) == {
        name: text for name, text in TWO.after.items() if text != files.get(name, "")
    }
    path = tmp_path / "shop" / "late" / "more" / "made.py"
    path.parent.mkdir()
    write(Change(str(path), None, b"x = 2\n", ()))
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(path.parent.stat().st_mode) & 0o666


def test_a_file_of_options_beside_it_is_none_to_share(tmp_path: Path) -> None:
    files = {**TWO.before, "uwsgi.ini": "[uwsgi]\nmodule = shop.wsgi\n"}
    made = changed(Case(TWO.name, files, files), tmp_path)
    assert made.keys() == {MODULE, ORDERS, JOBS, "uwsgi.ini"}


def without_own_name(text: str) -> str:
    return text.replace("from shop.names import NAMES", "NAMES = ['a']")


def with_a_wrapper_of_its_own(text: str) -> str:
    return text.replace("def sync", "def closing_connections(text):\n    return text\n\n\ndef sync")


def in_the_way(text: str) -> str:
    return text.replace("from threading", "closing_connections = 1\nfrom threading")


@pytest.mark.parametrize("edit", [without_own_name, with_a_wrapper_of_its_own])
def test_each_file_has_its_own_where_one_cannot_be_shared(edit: Callable[[str], str], tmp_path: Path) -> None:
    made = changed(TWO, tmp_path, edit)
    assert made.keys() == {ORDERS, JOBS}
    assert all(LOCAL in text or "def closing_connections_2(" in text for text in made.values())


def test_another_thing_of_that_name_stands_in_nobodys_way(tmp_path: Path) -> None:
    made = changed(TWO, tmp_path, in_the_way)
    assert "import closing_connections as db_closing_connections\n" in made[ORDERS]
    assert "target=db_closing_connections(sync)" in made[ORDERS]


def test_a_module_of_that_name_is_left_alone(tmp_path: Path) -> None:
    other = {**TWO.before, MODULE: "x = 1\n"}
    made = changed(Case(TWO.name, other, other), tmp_path)
    assert made.keys() == {ORDERS, JOBS}
    assert all(LOCAL in text for text in made.values())


def test_it_is_written_as_the_files_are(tmp_path: Path) -> None:
    def edited(text: str) -> str:
        annotated = text.replace("def sync():", "def sync() -> None:").replace(
            "def ship(name):", "def ship(name: str):"
        )
        return annotated.replace("def start():", "def start() -> None:").replace("    ", "\t").replace("\n", "\r\n")

    text = changed(TWO, tmp_path, edited)[MODULE]
    assert "def closing_connections(function: Callable[..., Any]) -> Callable[..., Any]:\r\n\t" in text
    assert text.count("\n") == text.count("\r\n")
    assert "    " not in text
    compile(text, MODULE, "exec")
