"""What a rule is, and the discovery of all of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from typing import ClassVar, NamedTuple

from flake8_django_threads import rules
from flake8_django_threads.base import Finding, Remedy
from flake8_django_threads.effects.sites import Connection, SpawnSite

LONGEST = 200


class Example(NamedTuple):
    """Code that the rule reports, and the same code repaired; both are run as tests."""

    bad: str
    good: str


class Rule:
    """One code. A subclass gives its parts; a missing one is an error when the class is made.

    ``name`` reads after the word "allow". ``default`` is False for a code that must be asked for.
    The docstring has two parts, headed "What it finds" and "Why it matters".
    """

    code: ClassVar[str]
    name: ClassVar[str]
    fix_safety: ClassVar[str]
    known_gaps: ClassVar[tuple[str, ...]]
    example: ClassVar[Example]
    default: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        for part in ("code", "name", "fix_safety", "known_gaps", "example"):
            if not hasattr(cls, part):
                raise TypeError(f"{cls.__name__} has no {part}")
        doc = cls.__doc__ or ""
        for heading in ("What it finds", "Why it matters"):
            if heading not in doc:
                raise TypeError(f"{cls.__name__} has no part {heading!r} in its docstring")

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """The findings of this rule at one spawn site."""
        raise NotImplementedError

    def finding(self, site: SpawnSite, message: str) -> Finding:
        """A finding at the site, with its trail and the edit that repairs it."""
        text = " ".join(message.split())
        if len(text) > LONGEST - len(self.code) - 1:
            text = text[: LONGEST - len(self.code) - 4] + "..."
        remedy = Remedy("wrap", site.entry, site.span, site.target, only_spawned=False)
        return Finding(self.code, site.span, text, site.trail, remedy)


def runs(site: SpawnSite) -> str:
    """How a message begins: what runs, and where."""
    where = {"thread": "in a new thread", "pool": "in a pool thread", "loop": "in a pool thread"}[site.kind]
    return f"{site.entry_name} runs {where}"


def evidence(site: SpawnSite, connection: Connection) -> str:
    """The touch in brackets: what, where, and through which functions."""
    found = connection.touch
    place = site.trail[-1].span.short if site.trail else ""
    names = [name.rpartition(".")[2] for name, _, _ in found.calls]
    own = site.entry_name.removesuffix("()").rpartition(".")[2]
    names = [name for index, name in enumerate(names) if name != "<lambda>" and not (index == 0 and name == own)]
    via = ""
    if len(names) > 3:
        names = [*names[:2], "...", names[-1]]
    if names:
        via = f", via {' > '.join(names)}"
    alias = "" if connection.alias == "default" else f" on {connection.alias!r}"
    return f"({found.leaf.what}{alias}, {place}{via})"  # type: ignore[union-attr]


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """One object of each rule class in this package, by code."""
    for info in pkgutil.iter_modules(rules.__path__):
        if info.name.startswith("djt"):
            importlib.import_module(f"{rules.__name__}.{info.name}")
    return tuple(sorted((cls() for cls in Rule.__subclasses__()), key=lambda rule: rule.code))
