"""Whatever ends a run of djt-fix, and whoever runs it beside: each file is whole, and finds what it imports."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from fix_cases import LINTED, WORLD

from flake8_django_threads.cli import main
from flake8_django_threads.fix import write as writing
from flake8_django_threads.fix.plan import Change
from flake8_django_threads.fix.write import write

ROOT = Path(__file__).parents[1]
CASE = next(case for case in LINTED if case.name == "files/both_edits")
SHARING = next(case for case in LINTED if case.name == "files/wrapper_for_two_files")
PAIRS = 3
# What several files of a package import is made, and they are changed like all others.
MADE = "shop/closing_connections.py"
IMPORTERS = sorted(name for name, text in SHARING.after.items() if name != MADE and text != SHARING.before[name])
IMPORTED = b"from shop.closing_connections import"
FILES = PAIRS * len(CASE.before) + len([MADE, *IMPORTERS])
# One long line costs no time to read, and takes its time to be written.
PADDING = "# " + "x" * 60_000 + "\n"
SOME, MANY = 8, 500


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with a few files to mend."""
    folder = shutil.copytree(WORLD, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(PAIRS):
        for name, text in CASE.before.items():
            made = text.replace("only_spawned", f"only_{number}").replace("shared", f"shared_{number}")
            path = folder / f"{name.removesuffix('.py')}_{number}.py"
            path.write_text(made.replace("from jobs", f"from jobs_{number}") + PADDING)
    SHARING.lay_out(folder)
    for name in IMPORTERS:
        path = folder / name
        path.write_text(path.read_text() + PADDING)
    return folder


def contents(tree: Path) -> dict[str, bytes]:
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in sorted(tree.rglob("*.py"))}


class Run:
    """djt-fix in a process of its own, which says when it begins to write a file; it dies after so many ``writes``."""

    def __init__(self, tree: Path, writes: int = -1) -> None:
        self._writes = writes
        self._said, saying = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            self._work(tree, saying)
        os.close(saying)

    def _work(self, tree: Path, saying: int) -> NoReturn:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.chdir(tree)

        def said(change: Change) -> None:
            if self._writes == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self._writes -= 1
            os.write(saying, b".")
            write(change)

        writing.write = said
        os._exit(main(["--write", "."]))

    def until_write(self, number: int) -> None:
        """Wait until a file is about to be written, or until the end where so many are not."""
        while number and os.read(self._said, 1):
            number -= 1

    def over(self, signal_number: int | None = None) -> None:
        """Wait for the end, or make it come."""
        if signal_number is not None:
            os.kill(self._child, signal_number)
        os.waitpid(self._child, 0)
        os.close(self._said)


def broken(found: Mapping[str, bytes], old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    """The files that are neither old nor new, and those that import what is not there."""
    names = found.keys() | new.keys()
    torn = [name for name in names if found.get(name) not in (old.get(name), new.get(name))]
    return torn + [name for name, text in found.items() if IMPORTED in text and found.get(MADE) != new[MADE]]


def lengths(tree: Path) -> tuple[float, float]:
    """How long a run takes, and how long from its first write on."""
    begun = time.monotonic()
    run = Run(tree)
    run.until_write(1)
    first = time.monotonic()
    run.over()
    end = time.monotonic()
    return end - begun, end - first


@pytest.mark.parametrize("kills", [SOME, pytest.param(MANY, marks=pytest.mark.slow)])
def test_killed_at_any_moment_each_file_is_whole(kills: int, tree: Path, tmp_path: Path) -> None:
    chance = random.Random(20)
    old = contents(tree)
    done = shutil.copytree(tree, tmp_path / "done")
    # Here, so that what is run below has everything loaded.
    assert main(["--write", str(done)]) == 1
    new = contents(done)
    assert sum(old.get(name) != new[name] for name in new) == FILES
    assert [name for name in sorted(new) if IMPORTED in new[name]] == IMPORTERS
    whole_run, writes = lengths(shutil.copytree(tree, tmp_path / "again"))
    mended, sharing = [], Counter[tuple[bool, int]]()
    for number in range(kills):
        copy = shutil.copytree(tree, tmp_path / f"copy_{number}")
        run = Run(copy)
        if number % 2:
            # Writing is a small part of a run, and the one that may do harm.
            run.until_write(chance.randint(1, FILES))
            time.sleep(chance.uniform(0, writes / FILES))
        else:
            # Longer than the one that was measured, for this one may be given less of the machine.
            time.sleep(chance.uniform(0, 1.5 * whole_run))
        run.over(signal.SIGKILL)
        found = contents(copy)
        assert broken(found, old, new) == [], number
        mended.append(sum(found[name] != old.get(name) for name in found))
        sharing[MADE in found, sum(IMPORTED in text for text in found.values())] += 1
        if number % 8 == 0:
            Run(copy).over()
            assert contents(copy) == new, number
        shutil.rmtree(copy)
    # Otherwise no kill has met a run that was writing.
    assert set(mended) & set(range(1, FILES))
    print(f"{kills} kills; runs with so many files written: {sorted(Counter(mended).items())}")
    print(f"runs with the shared module, and so many files that import it: {sorted(sharing.items())}")


def test_killed_between_any_two_writes_each_file_finds_what_it_imports(tree: Path, tmp_path: Path) -> None:
    old = contents(tree)
    assert main(["--write", str(shutil.copytree(tree, tmp_path / "done"))]) == 1
    new = contents(tmp_path / "done")
    for writes in range(FILES):
        copy = shutil.copytree(tree, tmp_path / f"copy_{writes}")
        Run(copy, writes).over()
        found = contents(copy)
        assert sum(found[name] != old.get(name) for name in found) == writes
        assert broken(found, old, new) == []
        Run(copy).over()
        assert contents(copy) == new


def test_two_runs_at_once_do_the_work_of_one(tree: Path) -> None:
    old = contents(tree)
    command = [sys.executable, "-c", "from flake8_django_threads.cli import main; main()", "--write", "."]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    runs = [subprocess.Popen(command, cwd=tree, env=environment, **pipes) for _ in range(3)]
    told = [process.communicate()[1].decode() for process in runs]
    assert all("Traceback" not in text and "internal error" not in text for text in told), told
    twice = contents(tree)
    assert sum(old.get(name) != twice[name] for name in twice) == FILES
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
    assert told.out.count("fixed ") + told.out.count("made ") == FILES - 1


def test_the_owner_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "case.py"
    path.write_bytes(b"x = 1\n")
    path.chmod(0o640)
    before, given = path.stat(), []
    monkeypatch.setattr(os, "chown", lambda _, *owner: given.append(owner))
    write(Change(str(path), b"x = 1\n", b"x = 2\n", ()))
    assert given == [(before.st_uid, before.st_gid)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
