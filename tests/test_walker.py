"""The analysis agrees with running the code, on random bodies and on those that told something once."""

from __future__ import annotations

import gc
import secrets
from collections.abc import Iterator
from random import Random

import pytest
from walker.compare import Analyst, disagreement, shrink
from walker.generator import FEATURES, OFF, Body
from walker.kept import KEPT, Kept
from walker.walker import walk

# A seed that nobody has seen is for the long campaign: the same text has to give the same answer in the usual run.
SEEDS = ["fixed", "another", pytest.param(secrets.token_hex(4), id="fresh", marks=pytest.mark.slow)]
SOME, MANY = 400, 20_000

# A coroutine that is left may be refused a close while its generators are thrown away, which nobody sees.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def _thrown_away() -> Iterator[None]:
    """Throw away here what the walks have left, and not in the midst of some other test."""
    yield
    gc.collect()


def check(seed: str, count: int) -> None:
    """Compare the bodies of a seed; the first disagreement is shrunk and shown."""
    analyst = Analyst()
    for number in range(count):
        text = Body(Random(f"{seed}/{number}")).text
        found = disagreement(analyst, text)
        if found:
            smallest = shrink(text, lambda smaller, found=found: disagreement(analyst, smaller) == found)
            pytest.fail(f"{found} (seed {seed}, body {number}):\n{smallest}")


@pytest.mark.parametrize("seed", SEEDS)
def test_agrees_on_some_bodies(seed: str) -> None:
    check(seed, SOME)


@pytest.mark.slow
def test_agrees_on_many_bodies() -> None:
    check("many", MANY)


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_walks_kept_body_to_its_verdict(kept: Kept) -> None:
    walked = walk(kept.text)
    assert walked.complete
    assert walked.words == kept.words


@pytest.mark.parametrize("kept", KEPT, ids=lambda kept: kept.name)
def test_agrees_on_kept_body_unless_its_feature_is_off(kept: Kept) -> None:
    off = kept.feature in OFF
    assert bool(disagreement(Analyst(), kept.text)) == off, (
        f"take {kept.feature!r} out of OFF" if off else "they differ"
    )


def test_off_features_are_known_and_each_shown_by_a_kept_body() -> None:
    assert OFF.keys() <= FEATURES
    assert OFF.keys() <= {kept.feature for kept in KEPT}


@pytest.mark.parametrize("leaf", ["connection.close()", "Item.objects.count()", "unknown()"])
def test_shrinks_to_what_matters(leaf: str) -> None:
    names = "flag = pick = unknown = Item = connection = None"
    loop = f"while flag():\n        try:\n            pick()\n        finally:\n            {leaf}"
    smallest = shrink(f"def entry():\n    {loop}\n{names}", lambda text: "entry" in text and leaf in text)
    assert smallest == f"def entry():\n    {leaf}\n{names}"
