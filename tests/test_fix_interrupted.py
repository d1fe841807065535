"""Whatever ends a run of djt-fix, and whoever runs it at the same time: each file is whole, old or new."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fix_cases import LINTED, WORLD

from flake8_django_threads.cli import main
from flake8_django_threads.fix.plan import Change
from flake8_django_threads.fix.write import write

ROOT = Path(__file__).parents[1]
CASE = next(case for case in LINTED if case.name == "files/both_edits")
# Long enough that writing takes several calls.
PADDING = "# " + "x" * 97 + "\n"
KILLS = 500


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with a dozen files to mend."""
    folder = shutil.copytree(WORLD, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(6):
        for name, text in CASE.before.items():
            made = text.replace("only_spawned", f"only_{number}").replace("shared", f"shared_{number}")
            path = folder / f"{name.removesuffix('.py')}_{number}.py"
            path.write_text(made.replace("from jobs", f"from jobs_{number}") + PADDING * 2_000)
    return folder


def contents(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in sorted(tree.rglob("*.py"))}


def run(tree: Path, wait: Callable[[int], None]) -> None:
    """Run djt-fix in a process of its own, which has all modules loaded, and let ``wait`` look after it."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(tree)
        os._exit(main(["--write", "."]))
    wait(child)
    os.waitpid(child, 0)


def wholly(found: Mapping[str, bytes], old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    """The files that are neither old nor new."""
    return [name for name in old if found.get(name) not in (old[name], new[name])]


@pytest.mark.slow
def test_killed_at_any_moment_each_file_is_whole(tree: Path, tmp_path: Path) -> None:
    chance = random.Random(20)
    old = contents(tree)
    done = shutil.copytree(tree, tmp_path / "done")
    run(done, lambda _: None)
    again = shutil.copytree(tree, tmp_path / "again")
    begun = time.monotonic()
    run(again, lambda _: None)
    length = time.monotonic() - begun
    new = contents(done)
    assert sum(old[name] != new[name] for name in old) == 12
    moments = []
    for number in range(KILLS):
        copy = shutil.copytree(tree, tmp_path / f"copy_{number}")

        def kill(child: int) -> None:
            # Longer than the one that was measured, for this one may be given less of the machine.
            time.sleep(chance.uniform(0, 1.5 * length))
            os.kill(child, signal.SIGKILL)

        run(copy, kill)
        found = contents(copy)
        assert wholly(found, old, new) == []
        moments.append(sum(found[name] == new[name] != old[name] for name in old))
        shutil.rmtree(copy)
    # Otherwise no kill has met a run that was writing.
    assert {0, 12} < set(moments)


def test_two_runs_at_once_do_the_work_of_one(tree: Path) -> None:
    old = contents(tree)
    command = [sys.executable, "-c", "from flake8_django_threads.cli import main; main()", "--write", "."]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    runs = [subprocess.Popen(command, cwd=tree, env=environment, **pipes) for _ in range(3)]
    told = [process.communicate()[1].decode() for process in runs]
    assert all("Traceback" not in text and "internal error" not in text for text in told), told
    twice = contents(tree)
    assert sum(old[name] != twice[name] for name in old) == 12
    assert all(text.count(b"finally:") <= 1 for text in twice.values())
    assert [path.name for path in tree.rglob(".*")] == []


def test_a_file_that_vanishes_is_told_in_one_line(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tree)
    first = tree / "jobs_0.py"

    def vanish(change: Change) -> None:
        first.unlink(missing_ok=True)
        write(change)

    monkeypatch.setattr("flake8_django_threads.fix.write.write", vanish)
    assert main(["--write", "."]) == 2
    told = capsys.readouterr()
    assert told.err.splitlines()[0] == "jobs_0.py: cannot be written: No such file or directory"
    assert told.out.count("fixed ") == 11


def test_the_owner_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "case.py"
    path.write_bytes(b"x = 1\n")
    path.chmod(0o640)
    before, given = path.stat(), []
    monkeypatch.setattr(os, "chown", lambda _, *owner: given.append(owner))
    write(Change(str(path), b"x = 1\n", b"x = 2\n", ()))
    assert given == [(before.st_uid, before.st_gid)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
