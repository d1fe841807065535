"""Every case under ``fixtures`` gets exactly the findings that its marks name; a test's id is the case's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import harness
import pytest

from flake8_django_threads.rules.rule import Rule, all_rules

FIXTURES = Path(__file__).parents[1] / "fixtures"
RULES = sorted(case for case in FIXTURES.glob("rules/*/*") if case.is_dir())
LIBRARIES = sorted(FIXTURES.glob("libraries/*"))
SILENT = sorted(case for case in FIXTURES.glob("silent/*") if case.is_dir())


def name(case: Path) -> str:
    return case.relative_to(FIXTURES).as_posix()


def marks(case: Path) -> Iterator[harness.Mark]:
    for file in case.rglob("*.py"):
        yield from harness.marks(file.name, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [*RULES, *SILENT, *LIBRARIES], ids=name)
def test_case(case: Path) -> None:
    wrong = harness.check_case(case)
    assert not wrong, f"\n{wrong}"


@pytest.mark.parametrize("case", SILENT, ids=name)
def test_a_silent_case_asks_for_no_finding(case: Path) -> None:
    assert all(mark.known == "false alarm" for mark in marks(case))


@pytest.mark.parametrize("case", RULES, ids=name)
def test_a_rules_case_is_about_its_code(case: Path) -> None:
    assert case.parent.name in {mark.code for mark in marks(case)}


def test_silence_outweighs_noise() -> None:
    """As many spawns that must stay silent as there are alarms at spawns, over all cases."""
    spawns = alarms = 0
    at_spawns = {rule.code for rule in all_rules() if type(rule).check is not Rule.check}
    for case in [*RULES, *SILENT]:
        for report in harness.reports(case).values():
            spawns += report.spawns
            alarms += sum(finding.code in at_spawns for finding in report.findings)
    assert spawns - alarms >= alarms > 0
