"""What DJT901 says of uWSGI is so: without the option threads do not run, up to the release that always has it.

Real servers are asked where releases of ``pyuwsgi`` are given: ``make test-uwsgi`` installs two, and names their
folders in the environment as ``UWSGI_RELEASES``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fix_cases import LINTED, Case

from flake8_django_threads.project.uwsgi_release import THREADS_BY_DEFAULT
from oracle.uwsgi import NEVER, OPTIONS, PLACES, RUNS, WAITS, fates, fates_by, read, release

PACKAGES = [Path(one).resolve() for one in os.environ.get("UWSGI_RELEASES", "").split(os.pathsep) if one]
CASES = [pytest.param(package, option, id=f"{release(package)}-{option}") for package in PACKAGES for option in OPTIONS]
REPAIRS = [
    pytest.param(package, case, name, id=f"{release(package)}-{case.name}-{name}")
    for package in PACKAGES
    for case in LINTED
    for name in case.before
    if name.endswith(".ini")
]
REFUSED = {"in a request": WAITS, "at import": NEVER}


def expected(version: str, place: str, option: str) -> str:
    """What the rule says: each thread runs under either option, and under none only by default."""
    number = tuple(int(part) for part in version.split(".")[:3])
    return RUNS if option or number >= THREADS_BY_DEFAULT else REFUSED[place]


def test_the_figures_are_what_the_rule_says() -> None:
    figures = read()
    assert {version: {place: dict.fromkeys(OPTIONS) for place in PLACES} for version in figures} == {
        version: {place: dict.fromkeys(by) for place, by in places.items()} for version, places in figures.items()
    }
    for version, places in figures.items():
        for place, by in places.items():
            assert by == {option: expected(version, place, option) for option in by}
    assert len({expected(version, "at import", "") for version in figures}) == 2


@pytest.mark.skipif(not PACKAGES, reason="make test-uwsgi installs the releases that are asked")
@pytest.mark.parametrize(("package", "option"), CASES)
def test_the_figures_are_true_here(package: Path, option: str) -> None:
    assert fates(package, option) == {place: expected(release(package), place, option) for place in PLACES}


@pytest.mark.skipif(not PACKAGES, reason="make test-uwsgi installs the releases that are asked")
@pytest.mark.parametrize(("package", "case", "name"), REPAIRS)
def test_a_repaired_file_lets_threads_run(package: Path, case: Case, name: str) -> None:
    for texts, option in ((case.before, ""), (case.after, "enable-threads")):
        # A request may come to another process than the one whose thread waits for it.
        runs = {place: fate == RUNS for place, fate in fates_by(package, texts[name]).items()}
        assert runs == {place: expected(release(package), place, option) == RUNS for place in PLACES}
