"""Random bodies, mended: no path of what djt-fix wrote leaves a connection open when it runs."""

from __future__ import annotations

import gc
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from fix_cases import mend
from walker.generator import Body
from walker.walker import MalformedError, walk

# A seed that nobody has seen is for the long campaign: the same text has to give the same answer in the usual run.
SEEDS = ["mended", "another", pytest.param(secrets.token_hex(4), id="fresh", marks=pytest.mark.slow)]
SOME, MANY = 60, 2_000

# A coroutine that is left may be refused a close while its generators are thrown away, which nobody sees.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _thrown_away() -> Iterator[None]:
    """Throw away here what the walks have left, and not in the midst of some other test."""
    yield
    gc.collect()


def mended(text: str, folder: Path) -> str | None:
    """The body as djt-fix leaves it; None where it finds no leak or changes nothing."""
    path = folder / "body.py"
    path.write_text(text)
    _, made = mend(folder, [path])
    assert made.problems == ()
    # What else it mends, such as a close that raises in a coroutine, need not have leaked.
    fixed = [finding for change in made.changes for finding in change.fixed]
    leaks = any(finding.remedy is not None and finding.remedy.kind == "wrap" for finding in fixed)
    return made.changes[0].after.decode() if leaks else None


def check(seed: str, count: int, folder: Path) -> int:
    """Mend the bodies of a seed and walk them; give the number of those that were changed."""
    changed = 0
    for number in range(count):
        text = Body(Random(f"{seed}/{number}")).text
        new = mended(text, folder)
        if new is None:
            continue
        changed += 1
        wrapped = re.search(r"target=(\w+)\(entry\)", new)
        runnable = f"{new}\nentry = {wrapped[1]}(entry)\n" if wrapped else new
        try:
            before, after = walk(text), walk(runnable)
        except MalformedError:
            continue
        assert not (after.plain or after.raised), f"seed {seed}, body {number}:\n{new}"
        assert before.plain or before.raised or before.rests or not before.complete, (
            f"seed {seed}, body {number} had nothing to mend:\n{text}"
        )
    return changed


@pytest.mark.parametrize("seed", SEEDS)
def test_some_mended_bodies_never_leak(seed: str, tmp_path: Path) -> None:
    assert check(seed, SOME, tmp_path) > SOME // 4


@pytest.mark.slow
def test_many_mended_bodies_never_leak(tmp_path: Path) -> None:
    assert check("many mended", MANY, tmp_path) > MANY // 4
