"""Random bodies, mended: no path of what djt-fix wrote leaves a connection open when it runs, and each ends as
it did before."""

from __future__ import annotations

import gc
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from fix_cases import mend
from walker.compare import shrink
from walker.generator import Body
from walker.walker import MalformedError, Verdict, walk

# A seed that nobody has seen is for the long campaign: the same text has to give the same answer in the usual run.
SEEDS = ["mended", "another"]
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


class Count(NamedTuple):
    """How many bodies were ``mended``, of how many all paths were ``walked`` after that, and how many ``paths``."""

    mended: int = 0
    walked: int = 0
    paths: int = 0


def check(seed: str, bodies: int, folder: Path) -> Count:
    """Mend the bodies of a seed and walk them."""
    count = Count()
    for number in range(bodies):
        text = Body(Random(f"{seed}/{number}")).text
        new = mended(text, folder)
        if new is None:
            continue
        try:
            before, after = walk(text), walk(runnable(new))
        except MalformedError:
            continue
        count = Count(count.mended + 1, count.walked + after.complete, count.paths + len(after.ends))
        wrong = disagreement(before, after)
        if wrong:
            smallest = shrink(text, lambda smaller, wrong=wrong: disagreement_of(smaller, folder) == wrong)
            pytest.fail(f"{wrong} (seed {seed}, body {number}):\n{smallest}")
    return count


def runnable(new: str) -> str:
    """The mended module, its ``entry`` what the thread is given."""
    wrapped = re.search(r"target=(\w+)\(entry\)", new)
    return f"{new}\nentry = {wrapped[1]}(entry)\n" if wrapped else new


def disagreement(before: Verdict, after: Verdict) -> str:
    """What is wrong with a mended body, in words; empty if nothing is."""
    if after.plain or after.raised:
        return "leaks still"
    if not (before.plain or before.raised or before.rests) and before.complete:
        return "had nothing to mend"
    if any(after.ends[script] != end for script, end in before.ends.items() if script in after.ends):
        return "ends in another way"
    if before.complete and after.complete and before.ends.keys() != after.ends.keys():
        return "has other paths"
    return ""


def disagreement_of(text: str, folder: Path) -> str:
    """The same of a body that is not mended yet."""
    new = mended(text, folder)
    return disagreement(walk(text), walk(runnable(new))) if new else ""


@pytest.mark.parametrize("seed", SEEDS)
def test_some_mended_bodies_never_leak(seed: str, tmp_path: Path) -> None:
    assert check(seed, SOME, tmp_path).mended > SOME // 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["many mended", pytest.param(secrets.token_hex(4), id="fresh")])
def test_many_mended_bodies_never_leak(seed: str, tmp_path: Path) -> None:
    count = check(seed, MANY, tmp_path)
    print(f"{MANY} bodies, {count}")
    assert count.mended > MANY // 4
