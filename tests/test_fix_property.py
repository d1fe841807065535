"""Random bodies, mended: no path of what djt-fix wrote leaves a connection open when it runs."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from random import Random

import pytest
from fix_cases import mend
from walker.generator import Body
from walker.walker import MalformedError, walk

SOME, MANY = 60, 2_000


def mended(text: str, folder: Path) -> str | None:
    """The body as djt-fix leaves it; None where it finds nothing or changes nothing."""
    path = folder / "body.py"
    path.write_text(text)
    _, made = mend(folder, [path])
    assert made.problems == ()
    return made.changes[0].after.decode() if made.changes else None


def check(seed: str, count: int, folder: Path) -> int:
    """Mend the bodies of a seed and walk them; give the number of those that were changed."""
    changed = 0
    for number in range(count):
        text = Body(Random(f"{seed}/{number}")).text
        new = mended(text, folder)
        if new is None:
            continue
        wrapped = re.search(r"target=(\w+)\(entry\)", new)
        runnable = f"{new}\nentry = {wrapped[1]}(entry)\n" if wrapped else new
        try:
            before, after = walk(text), walk(runnable)
        except MalformedError:
            continue
        assert not (after.plain or after.raised), f"seed {seed}, body {number}:\n{new}"
        # What had nothing to mend was a false alarm, which the walker's own test is about.
        changed += bool(before.plain or before.raised or before.rests or not before.complete)
    return changed


@pytest.mark.parametrize("seed", ["mended", secrets.token_hex(4)], ids=["fixed", "fresh"])
def test_some_mended_bodies_never_leak(seed: str, tmp_path: Path) -> None:
    assert check(seed, SOME, tmp_path) > SOME // 4


@pytest.mark.slow
def test_many_mended_bodies_never_leak(tmp_path: Path) -> None:
    assert check("many mended", MANY, tmp_path) > MANY // 4
