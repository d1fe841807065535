"""Measure what the plugin adds to flake8: CPU, memory and path calls, against flake8 with a plugin that does nothing.

The two take turns, so that a slow minute of the machine falls on both. flake8 runs with one job. Beside it,
``djt-fix --check`` against reading and parsing the same files, and how many modules a spawn makes the engine load.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import datetime
import gc
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from wheels import unpack

from flake8_django_threads.engine import Engine, Options

FOLDER = Path(__file__).parents[2] / ".bench"
HERE = Path(__file__).parent
# Two large projects in one folder: more than 400,000 lines.
PACKAGES = ("wagtail==8.0.1", "nautobot==3.2.7")
# What flake8 itself runs has to be the same in both environments.
SHARED = ("flake8", "pycodestyle", "pyflakes", "mccabe")


class Cost(NamedTuple):
    """One run: CPU in seconds (user and system, children included) and the peak of resident memory in MiB."""

    cpu: float
    memory: float


class Subject(NamedTuple):
    """A flake8 to measure: the interpreter whose environment holds it, and its own arguments."""

    python: Path
    arguments: tuple[str, ...]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--package",
        action="append",
        help=f"pinned wheel to lint; several make one project ({' and '.join(PACKAGES)})",
    )
    options.add_argument("--folder", type=Path, help="a checkout to lint instead; nothing is written there")
    options.add_argument("--rounds", type=int, default=2, help="measured runs of each (%(default)s)")
    chosen = options.parse_args()

    FOLDER.mkdir(exist_ok=True)
    packages = chosen.package or PACKAGES
    project = chosen.folder or together([unpack(package, FOLDER) for package in packages])
    if not chosen.folder:
        # Else the project that the files are taken to belong to would be the repository that this file is in.
        (project / ".git").mkdir(exist_ok=True)
    subjects = {"nothing": nothing(), "django-threads": ours()}

    # The first round is thrown away: it compiles modules and fills the disk cache.
    rounds = [{name: run(subject, project) for name, subject in subjects.items()} for _ in range(chosen.rounds + 1)]
    costs = {name: [measured[name] for measured in rounds[1:]] for name in subjects}
    paths = {name: count_paths(subject, project) for name, subject in subjects.items()}
    print(report(str(chosen.folder or ", ".join(packages)), project, costs, paths))
    print(f"\n{prepared(project, costs)}\n{check(subjects['django-threads'], project)}\n{followed(project)}")


def together(projects: list[Path]) -> Path:
    """Give one folder that holds all of them."""
    if len(projects) == 1:
        return projects[0]
    folder = FOLDER / "+".join(project.name for project in projects)
    for project in projects:
        shutil.copytree(project, folder, dirs_exist_ok=True)
    return folder


def prepared(project: Path, costs: dict[str, list[Cost]]) -> str:
    """Say what the look through the whole project costs, which a run makes once, and what is left without it.

    With it is a cold run. Without it is what a file costs in a process that has the index already, as flake8's workers
    do, which inherit it. There is no index on the disk.
    """
    begun = time.process_time()
    Engine(Options(lasting=True), cwd=str(project)).prepare(["."])
    spent = time.process_time() - begun
    gc.unfreeze()
    base, ours = (statistics.median(cost.cpu for cost in found) for found in costs.values())
    cold, warm = ours / base, (ours - spent) / base
    return f"index of the project: {spent:.2f} s of CPU; with it x {cold:.3f}, without x {warm:.3f}"


def check(subject: Subject, project: Path) -> str:
    """Say what ``djt-fix --check`` costs, start-up included, beside parsing every file once."""
    with tempfile.TemporaryFile() as output:
        command = "import sys; from flake8_django_threads.cli import main; sys.exit(main(['--check', '.']))"
        process = subprocess.Popen(
            [subject.python, "-c", command], cwd=project, stdout=output, stderr=subprocess.STDOUT
        )
        _, _, usage = os.wait4(process.pid, 0)
    before = time.process_time()
    for file in project.rglob("*.py"):
        with contextlib.suppress(SyntaxError, ValueError):
            ast.parse(file.read_bytes())
    parsed = time.process_time() - before
    spent = usage.ru_utime + usage.ru_stime
    return f"djt-fix --check: {spent:.2f} s of CPU, x {spent / parsed:.2f} of ast.parse of all files ({parsed:.2f} s)"


def followed(project: Path) -> str:
    """Say how many modules are loaded to judge a spawn: the files with spawns one by one, each in a new engine."""
    every = Engine(cwd=str(project))
    spawning = [file for file in sorted(project.rglob("*.py")) if every.analyse(str(file)).spawns]
    counts: list[int] = []
    for file in spawning:
        alone = Engine(Options(survey=False), cwd=str(project))
        report = alone.analyse(str(file))
        counts += [alone.loaded] * report.spawns
    if not counts:
        return "no spawns"
    bounds = (1, 2, 5, 10, 20, 50, 100, 200, max(500, *counts))
    shown = []
    for low, high in zip((0, *bounds), bounds, strict=False):
        if number := sum(low < count <= high for count in counts):
            shown.append(f"{low + 1} to {high}: {number}")
    middle = statistics.median(counts)
    spread = ", ".join(shown)
    return f"modules loaded for a spawn: median {middle:g}, most {max(counts)}; {spread} ({len(counts)} spawns)"


def nothing() -> Subject:
    """Make an environment without the package: flake8 runs every plugin that is installed, asked for or not."""
    python = environment("nothing")
    config = FOLDER / "nothing" / "flake8.cfg"
    config.write_text(f"[flake8:local-plugins]\nextension = NOP = nothing:Plugin\npaths = {HERE}\n")
    return Subject(python, ("--select=NOP", f"--config={config}"))


def ours() -> Subject:
    """Make one with the package and what it needs, and nothing more, as pre-commit does."""
    return Subject(environment("ours", str(HERE.parents[1])), ("--select=DJT", "--isolated"))


def environment(name: str, *packages: str) -> Path:
    """Its interpreter. What flake8 itself runs has the versions of this one."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    pins = [f"{name}=={version(name)}" for name in SHARED]
    venv.create(folder, with_pip=True)
    quiet = ("--quiet", "--disable-pip-version-check", "--root-user-action=ignore")
    subprocess.run([python, "-m", "pip", "install", *quiet, "--upgrade", *pins, *packages], check=True)
    return python


def run(subject: Subject, project: Path) -> Cost:
    """Lint the project once; findings are welcome, errors are not."""
    command = [subject.python, "-m", "flake8", *subject.arguments, "--jobs=1", "--exit-zero", "--quiet", "."]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=project, stdout=output, stderr=subprocess.STDOUT)
        # Not RUSAGE_CHILDREN: its peak is that of all children so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(output.read().decode())
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def count_paths(subject: Subject, project: Path) -> dict[str, int]:
    counts = FOLDER / "counts.json"
    command = [subject.python, HERE / "count_paths.py", counts, project, *subject.arguments, "--jobs=1", "--exit-zero"]
    subprocess.run([*command, "--quiet", "."], cwd=project, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, int] = json.loads(counts.read_text())
    return found


def report(package: str, project: Path, costs: dict[str, list[Cost]], paths: dict[str, dict[str, int]]) -> str:
    """Return a Markdown table and the line that says what was measured, where and when."""
    base, ours = costs
    cpu = {name: statistics.median(cost.cpu for cost in found) for name, found in costs.items()}
    memory = {name: max(cost.memory for cost in found) for name, found in costs.items()}
    files = [file.read_bytes() for file in project.rglob("*.py")]
    rows = [
        ("CPU, median", *(f"{cpu[name]:.2f} s" for name in costs), f"x {cpu[ours] / cpu[base]:.3f}"),
        ("memory, peak", *(f"{memory[name]:.0f} MiB" for name in costs), f"{memory[ours] - memory[base]:+.0f} MiB"),
    ]
    for kind, verb in (("open", "opened"), ("list", "listed"), ("stat", "asked for their status")):
        counts = [paths[name].get(kind, 0) for name in costs]
        rows.append((f"paths {verb}", *map(str, counts), f"{counts[1] - counts[0]:+d}"))
    header = ("", base, ours, "difference")
    width = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, tuple("-" * size for size in width), *rows]
    table = "\n".join(
        "| " + " | ".join(cell.ljust(size) for cell, size in zip(line, width, strict=True)) + " |" for line in lines
    )
    lines_of_code = sum(file.count(b"\n") for file in files)
    versions = ", ".join(f"{name} {version(name)}" for name in ("flake8-django-threads", "flake8"))
    return (
        f"{table}\n\n{package}: {len(files):,} files, {lines_of_code:,} lines; "
        f"{len(costs[ours])} runs each, in turns, one job; {versions}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}; {datetime.date.today()}"
    )


if __name__ == "__main__":
    main()
