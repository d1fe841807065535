"""Random programs: the functions that the interpreter reaches are those that run, no more and no fewer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from call_programs import WAYS, program
from calls_tracer import Case, executed
from test_calls import reached

FEW, MANY = 120, 4_000


def differences(folder: Path, seed: str, count: int, ways: Sequence[tuple[str, str]] = WAYS) -> list[str]:
    """The programs on which analysis and execution differ, with what was missed or false."""
    found = []
    for number in range(count):
        text = program(Random(f"{seed}/{number}"), ways)
        path = folder / f"program_{number}.py"
        path.write_text(text)
        case = Case(f"random/{number}", path)
        ran, said = executed(case), reached(case)
        assert ran, text
        if ran != said:
            missed, false = sorted(map(str, ran - said)), sorted(map(str, said - ran))
            found.append(f"{seed}/{number}: missed {missed}, false {false}\n{text}")
        path.unlink()
    return found


def test_random_programs(tmp_path: Path) -> None:
    assert differences(tmp_path, "few", FEW) == []


@pytest.mark.slow
def test_many_random_programs(tmp_path: Path) -> None:
    assert differences(tmp_path, "many", MANY) == []


@pytest.mark.parametrize("number", range(len(WAYS)))
def test_each_way_by_itself(number: int, tmp_path: Path) -> None:
    assert differences(tmp_path, f"way {number}", 3, WAYS[number : number + 1]) == []
