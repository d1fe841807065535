"""Marks and runs agree, case by case and on each database; what cannot be run is listed here."""

from __future__ import annotations

import harness
import pytest

from oracle.cases import FIXTURES, LEAKS, Case, all_cases
from oracle.scene import observations
from oracle.verdict import disagreements, turned
from oracle.zygote import Zygote

CASES = all_cases()
# What the driver cannot judge, and why. No leak is marked there, and each fails still: one that is judged goes.
UNJUDGED = {
    "rules/DJT201/other_things_called_atomic": "imports what exists nowhere",
    "rules/DJT201/test_case_of_a_library": "imports what is not installed",
    "rules/DJT301/pytest_marks_and_fixtures": "asks for fixtures that pytest alone can give",
    "rules/DJT301/rows_of_fixtures": "asks for fixtures that pytest alone can give",
    "rules/DJT401/ready": "asks for a setting that only a project could have",
    "rules/DJT501/closures_attributes_globals_queues": "opens a connection at import, which counts as its threads' own",
    "rules/DJT900/entries": "imports what exists nowhere",
}
# What one database alone cannot run, and why.
REFUSED = {("mysql", "silent/broken_connection_in_a_test"): "PyMySQL does not close what is closed already"}
RUN = [case for case in CASES if not case.not_run and case.name not in UNJUDGED]
OBSERVED = [pytest.param(rule, name, id=f"{rule.name}-{name}") for rule, name in observations()]
# Cases that import what exists nowhere, so that nobody could run them.
NOT_RUN = {
    "silent/broken_neighbours",
    "silent/unknown_decorator",
    "silent/unknown_entry",
}
# Folders whose leaks are marked and not counted here, and why.
ELSEWHERE = {
    "libraries": "each names one row a line and is no program; tests/libraries judges it line by line",
}


@pytest.mark.parametrize("case", RUN, ids=lambda case: case.name)
def test_marks_and_runs_agree(case: Case, database: Zygote) -> None:
    if reason := REFUSED.get((database.database.vendor, case.name)):
        pytest.skip(reason)
    record = database.run(case)
    wrong = disagreements(case, record)
    assert not wrong, "\n".join(["", *wrong])
    assert [what for what, other in turned(case, record) if not disagreements(other, record)] == []


@pytest.mark.parametrize(("rule", "name"), OBSERVED)
def test_effects_are_as_the_rules_say(rule, name, database: Zygote) -> None:  # type: ignore[no-untyped-def]
    answer = database.observe(rule, name)
    assert not isinstance(answer, str), answer
    seen, expected = answer
    assert seen == expected


def test_nearly_every_case_has_a_verdict() -> None:
    assert {case.name for case in CASES if case.not_run} == NOT_RUN
    assert [case.name for case in CASES if case.name in UNJUDGED and LEAKS & {mark.code for mark in case.marks}] == []
    named = {case.name for case in CASES if not case.name.startswith(("silent", "rules/DJT0", "rules/DJT1"))}
    assert named >= UNJUDGED.keys()
    assert len(RUN) >= 150


def test_no_marked_leak_is_without_a_verdict() -> None:
    marked = {
        file.relative_to(FIXTURES)
        for file in FIXTURES.rglob("*.py")
        if any(mark.code in LEAKS for mark in harness.marks(file.name, file.read_text(encoding="utf-8")))
    }
    counted = {(case.folder / path).relative_to(FIXTURES) for case in RUN for path in case.files}
    assert {file.parts[0] for file in marked - counted} == ELSEWHERE.keys()


@pytest.mark.parametrize("case", [case for case in CASES if case.name in UNJUDGED], ids=lambda case: case.name)
def test_an_unjudged_case_cannot_be_judged(case: Case, sqlite: Zygote) -> None:
    assert disagreements(case, sqlite.run(case)), UNJUDGED[case.name]
