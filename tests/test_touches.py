"""What opens a connection and what leaves one open: each row's mark, the linter's verdict and a real thread agree."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from state_rows import ENGINE, RowCase, build, linted, measured, read, severity

TOUCHES = ENGINE / "touches"
FOLDERS = [TOUCHES, *sorted(folder for folder in (ENGINE / "remedies").iterdir() if folder.is_dir())]
ROWS = [pytest.param(folder, row, id=f"{folder.name}/{row.id}") for folder in FOLDERS for row in read(folder)]


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Path, Path]:
    place = tmp_path_factory.mktemp("rows")
    return {folder: build(folder, place) for folder in FOLDERS}


@pytest.fixture(scope="module")
def verdicts(projects: Mapping[Path, Path]) -> Mapping[Path, Mapping[str, str]]:
    return {folder: linted(project, read(folder)) for folder, project in projects.items()}


@pytest.fixture(scope="module")
def measurements(projects: Mapping[Path, Path]) -> Mapping[Path, Mapping[str, dict[str, str]]]:
    return {folder: measured(project, read(folder)) for folder, project in projects.items()}


@pytest.mark.parametrize(("folder", "row"), ROWS)
def test_the_linter_says_what_was_measured(
    folder: Path, row: RowCase, verdicts: Mapping[Path, Mapping[str, str]]
) -> None:
    said = verdicts[folder][row.id]
    if row.known:
        assert said != row.meaning, f"cured, take the mark away: {row.known}"
        assert (row.known == "missed") == (severity(said) < severity(row.meaning))
    else:
        assert said == row.meaning


@pytest.mark.parametrize(("folder", "row"), ROWS)
def test_a_real_thread_does_what_is_marked(
    folder: Path, row: RowCase, measurements: Mapping[Path, Mapping[str, dict[str, str]]]
) -> None:
    if row.unmeasured:
        assert row.id not in measurements[folder]
    else:
        assert measurements[folder][row.id] == {"meaning": row.on_sqlite, "raises": row.raises}


def test_few_rows_are_known_to_be_wrong() -> None:
    rows = read(TOUCHES)
    assert sum(not row.known for row in rows) >= 0.92 * len(rows) > 250
