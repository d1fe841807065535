"""The only front door: analyse a file, get findings."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flake8_django_threads import models
from flake8_django_threads.base import Finding, Problem
from flake8_django_threads.effects.inventory import Inventory
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.models import load as model_rows
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable
from flake8_django_threads.project.store import Store
from flake8_django_threads.rules.rule import all_rules
from flake8_django_threads.values.interpreter import Interpreter

__all__ = ["Engine", "Options", "Report", "models"]


class Options(NamedTuple):
    """What a user may set. ``models`` are files with rows of the user's own; ``enable`` the opt-in codes wanted."""

    models: tuple[str, ...] = ()
    enable: frozenset[str] = frozenset()
    index: bool = True


class Report(NamedTuple):
    """What is known of one file. ``unknown`` counts the reasons why entries could not be resolved."""

    findings: tuple[Finding, ...] = ()
    spawns: int = 0
    resolved: int = 0
    leaking: int = 0
    unknown: tuple[tuple[str, int], ...] = ()
    problems: tuple[Problem, ...] = ()


class Engine:
    """Analyses files, one after the other; what it learns of the project is kept for the next one.

    ``overlay`` maps absolute paths to text that stands for the file's (unsaved text, an edit under proof). The answer
    for a file depends on the project's files alone, never on which were analysed before.
    """

    def __init__(
        self, options: Options = Options(), overlay: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> None:
        self._cwd = cwd or str(Path.cwd())
        tables = [(name, model_rows.load_file(Path(name))) for name in options.models]
        self._models = model_rows.load(tables)
        self._options = options
        self.sources = Sources(overlay or {})
        self._modules = Store(self.sources)
        self._inventory: Inventory | None = None
        self._resolver: Resolver | None = None

    def analyse(
        self, path: str, tree: ast.Module | None = None, lines: Sequence[str] | None = None
    ) -> Report:
        """Findings of one file. Without ``tree`` the file is read here; unreadable ones are a problem in the report."""
        absolute = os.path.normpath(os.path.join(self._cwd, path))  # noqa: PTH118
        try:
            text = "".join(lines) if lines is not None else self.sources.read(absolute)
        except Unreadable as unreadable:
            return Report(problems=(Problem(path, unreadable.line, unreadable.cause),))
        if not self._models.may_spawn(text):
            if tree is None and lines is None:
                return _parse_problem(path, text)
            return Report()
        if tree is not None and lines is not None:
            facts = self._modules.adopt(absolute, tree, lines)
        else:
            facts = self._modules.facts(absolute)
        if not isinstance(facts, ModuleFacts):
            return Report(problems=(Problem(path, facts.line, facts.reason),))
        return self._report(self._sites(facts, path))

    def _sites(self, facts: ModuleFacts, shown: str) -> tuple[SpawnSite, ...]:
        if self._inventory is None:
            libraries = {row.path.partition(".")[0] for row in self._models.rows()}
            self._resolver = Resolver(self.sources, self._cwd, libraries)
            self._inventory = Inventory(Interpreter(self._modules, self._resolver, self._models))
        return self._inventory.sites(facts, shown)

    def _report(self, sites: Sequence[SpawnSite]) -> Report:
        findings = []
        for site in sites:
            for rule in all_rules():
                if rule.default or rule.code in self._options.enable:
                    findings.extend(rule.check(site))
        reasons = Counter(site.unknown for site in sites if site.unknown)
        return Report(
            tuple(dict.fromkeys(findings)), len(sites), sum(not site.unknown for site in sites),
            sum(site.leak is not None for site in sites), tuple(sorted(reasons.items())),
        )


def _parse_problem(path: str, text: str) -> Report:
    """A file that the gate stops is not parsed: nothing is said of it."""
    del path, text
    return Report()
