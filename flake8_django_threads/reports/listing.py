"""What every format tells: findings with what became of them, problems, and counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from ..base import Finding, Problem

State = Literal["found", "fixable", "fixed", "unsafe", "left"]


class Outcome(NamedTuple):
    """A finding and what became of it.

    "found": no repair was asked for, or there is none for its code; "unsafe": it waits for ``--unsafe-fixes``;
    "left": its repair was given up. For these two ``reason`` says why.
    """

    finding: Finding
    state: State = "found"
    reason: str = ""


class RuleWords(NamedTuple):
    """What a reader of findings is told about a rule."""

    code: str
    name: str
    summary: str
    help: str


class Listing(NamedTuple):
    """All that a run has to tell. ``shown`` gives the name of a path as the user knows it."""

    outcomes: Sequence[Outcome]
    problems: Sequence[Problem]
    counts: Mapping[str, int]
    rules: Sequence[RuleWords]
    version: str
    shown: Callable[[str], str]
