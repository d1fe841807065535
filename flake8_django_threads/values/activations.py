"""What is under way while the interpreter runs: bodies, and the loops in them."""

from __future__ import annotations

from dataclasses import dataclass, field

from flake8_django_threads.facts import records as r
from flake8_django_threads.values.domain import NOTHING, Frame, Vals
from flake8_django_threads.values.flow import Summary
from flake8_django_threads.values.store import Delta


@dataclass(slots=True)
class Around:
    """A loop under way: where it and its round began (as depths of the store), and the states at its jumps."""

    depth: int
    round_depth: int
    breaks: list[Delta] = field(default_factory=list)
    continues: list[Delta] = field(default_factory=list)


@dataclass(slots=True)
class Activation:
    """A running body: what it returned and yielded so far, and the states at its exits."""

    frame: Frame
    summary: Summary
    depth: int
    result: Vals = NOTHING
    yields: Vals = NOTHING
    exits: list[Delta] = field(default_factory=list)
    loops: list[Around] = field(default_factory=list)
    recursive: bool = False
    call_at: r.At = (0, 0, 0, 0)
    raised: Delta = field(default_factory=dict)
    told: list[Vals] | None = field(default_factory=list)
