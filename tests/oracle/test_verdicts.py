"""Marks and runs agree, case by case and on each database; what cannot be run is listed here."""

from __future__ import annotations

import pytest

from oracle.cases import Case, all_cases
from oracle.scene import observations
from oracle.verdict import disagreements
from oracle.zygote import Zygote

CASES = all_cases()
OTHERS = {f"rules/DJT{family}" for family in range(2, 10)}
# The other families are not about connections left open; what they claim is observed, not counted.
RUN = [case for case in CASES if not case.not_run and case.name[:10] not in OTHERS]
OBSERVED = [pytest.param(rule, name, id=f"{rule.name}-{name}") for rule, name in observations()]
# Cases that import what exists nowhere, so that nobody could run them.
NOT_RUN = {
    "rules/DJT001/request_handlers",
    "silent/broken_neighbours",
    "silent/unknown_decorator",
    "silent/unknown_entry",
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Zygote:
    zygote = request.getfixturevalue(request.param)
    assert isinstance(zygote, Zygote)
    return zygote


@pytest.mark.parametrize("case", RUN, ids=lambda case: case.name)
def test_marks_and_runs_agree(case: Case, database: Zygote) -> None:
    wrong = disagreements(case, database.run(case))
    assert not wrong, "\n".join(["", *wrong])


@pytest.mark.parametrize(("rule", "name"), OBSERVED)
def test_effects_are_as_the_rules_say(rule, name, database: Zygote) -> None:  # type: ignore[no-untyped-def]
    answer = database.observe(rule, name)
    assert not isinstance(answer, str), answer
    seen, expected = answer
    assert seen == expected


def test_nearly_every_case_has_a_verdict() -> None:
    assert {case.name for case in CASES if case.not_run} == NOT_RUN
    assert len(RUN) >= 150
