"""Every case under ``fixtures`` gets exactly the findings that its marks name; the id of a test is the case's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness

FIXTURES = Path(__file__).parents[1] / "fixtures"


def cases() -> list[Path]:
    return sorted([*FIXTURES.glob("rules/*/*"), *FIXTURES.glob("silent/*")])


@pytest.mark.parametrize("case", cases(), ids=lambda path: path.relative_to(FIXTURES).as_posix())
def test_case(case: Path) -> None:
    wrong = harness.check_case(case)
    assert not wrong, f"\n{wrong}"


def test_the_silent_cases_outnumber_the_alarms() -> None:
    kinds = [case.relative_to(FIXTURES).parts[0] for case in cases()]
    assert kinds.count("silent") >= kinds.count("rules") > 0


@pytest.mark.parametrize("case", sorted((FIXTURES / "silent").glob("*")), ids=lambda path: path.name)
def test_a_silent_case_marks_no_alarm(case: Path) -> None:
    """A silent case may know of a false alarm, but not ask for a finding."""
    found = [mark for file in case.rglob("*.py") for mark in harness.marks(file.name, file.read_text(encoding="utf-8"))]
    assert all(mark.known == "false alarm" for mark in found)


@pytest.mark.parametrize("case", sorted((FIXTURES / "rules").glob("*/*")), ids=lambda path: "/".join(path.parts[-2:]))
def test_a_rule_case_is_about_its_code(case: Path) -> None:
    found = [mark for file in case.rglob("*.py") for mark in harness.marks(file.name, file.read_text(encoding="utf-8"))]
    assert case.parent.name in {mark.code for mark in found}
