"""The only front door: analyse a file, get findings."""

from __future__ import annotations

import ast
import gc
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flake8_django_threads.base import UNKNOWN, Finding, Problem, Span
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.effects.spawn_index import Known, SpawnIndex
from flake8_django_threads.effects.surroundings import Unthreaded
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.models import load as model_rows
from flake8_django_threads.models.configured import configured
from flake8_django_threads.models.gate import Gate
from flake8_django_threads.models.load import BadRow
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable, below
from flake8_django_threads.project.store import Store
from flake8_django_threads.project.survey import Derived, Look, survey
from flake8_django_threads.rules.rule import Rule, all_rules

if TYPE_CHECKING:
    from flake8_django_threads.effects.census import Census
    from flake8_django_threads.effects.deployment import Deployments
    from flake8_django_threads.effects.helpers import Helpers
    from flake8_django_threads.effects.inventory import Inventory
    from flake8_django_threads.effects.sites import SpawnSite
    from flake8_django_threads.project.settings import Settings
    from flake8_django_threads.values.interpreter import Interpreter

__all__ = ["BadRow", "Engine", "Options", "Report"]


class Options(NamedTuple):
    """What a user may set. ``models`` are files with rows of the user's own; ``enable`` the opt-in codes wanted.

    What the nearest pyproject.toml says comes before them: its rows give way to those of ``models``.

    ``survey`` looks for the project's own spawn helpers; ``census`` asks of each finding whether its entry is only ever
    spawned, which reads the whole project and which only an edit needs. ``lasting``: the engine lives as long as the
    process.
    """

    models: tuple[str, ...] = ()
    enable: frozenset[str] = frozenset()
    survey: bool = True
    census: bool = False
    lasting: bool = False


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
        self, options: Options | None = None, overlay: Mapping[str, str] | None = None, cwd: str | None = None
    ) -> None:
        self._cwd = cwd or str(Path.cwd())
        options = options or Options()
        own = configured(self._cwd)
        files = [(name, model_rows.load_file(Path(name))) for name in (*own.models, *options.models)]
        self._models = model_rows.load([(own.source, own.tables), *files])
        self._options = options._replace(enable=options.enable | own.enable)
        for code in sorted(self._options.enable):
            if not any(rule.code == code for rule in all_rules()):
                where = (
                    (own.source, "[tool.flake8-django-threads]", "enable") if code in own.enable else ("", "", "enable")
                )
                raise BadRow(*where, f"there is no rule {code}")
        self.sources = Sources(overlay or {})
        self._modules = Store(self.sources)
        self._found: dict[str, tuple[SpawnSite, ...]] = {}
        self._indexes: dict[str, SpawnIndex] = {}
        self._derived: dict[str, Derived] = {}
        self._registering: dict[str, tuple[str, ...]] = {}
        self._ready: dict[str, tuple[str, ...]] = {}
        self._spawning: dict[str, tuple[str, ...]] = {}
        self._looks: dict[str, Look | None] = {}
        self._helpers: Known = {}
        self._beyond = Beyond(self.sources)
        self._answers: dict[tuple[str, str], Any] = {}
        self._alone = False

    def again(self, overlay: Mapping[str, str], *, proving: bool = False) -> Engine:
        """An engine that sees other texts; what no text can change is not read twice.

        With ``proving`` it is asked of few files whether an edit did what it should. Nobody edits what it finds, so it
        does not ask whether an entry is only ever spawned, nor does it look through the whole project for what a rule
        could tell of other files. It tells of entries that are not known: a finding may be gone because nobody can say
        any more what runs there.
        """
        engine = copy(self)
        if proving:
            engine._options = self._options._replace(census=False, enable=self._options.enable | {UNKNOWN})
            engine._alone = True
        engine.sources = self.sources.beside(overlay)
        engine._modules = self._modules.beside(engine.sources, overlay)
        engine._looks = {path: look for path, look in self._looks.items() if path not in overlay}
        # No edit makes a function of another file hand on what it did not hand on before.
        engine._helpers = {path: helpers for path, helpers in self._helpers.items() if path not in overlay}
        engine._found, engine._indexes, engine._derived, engine._registering, engine._answers = {}, {}, {}, {}, {}
        for name, made in vars(Engine).items():
            if isinstance(made, cached_property):
                vars(engine).pop(name, None)
        return engine

    def analyse(self, path: str, tree: ast.Module | None = None, lines: Sequence[str] | None = None) -> Report:
        """Findings of one file. Without ``tree`` the file is read here; unreadable ones are a problem in the report."""
        absolute = os.path.normpath(os.path.join(self._cwd, path))  # noqa: PTH118
        index = self._index(absolute)
        text = "".join(lines) if lines is not None else None
        known = index.words_of(absolute, text) if index is not None else None
        if known is not None and not any(known):
            return Report()
        try:
            text = self.sources.read(absolute) if text is None else text
        except Unreadable as unreadable:
            return Report(problems=(Problem(path, unreadable.line, unreadable.cause),))
        spawns = known[0] if known is not None else self._may_spawn(text, index)
        asked = [rule for rule in self._rules if rule.asks(text, spawns)]
        if not (spawns or asked):
            return Report()
        with collector_at_rest(self._options.lasting):
            if tree is not None and lines is not None:
                facts = self._modules.adopt(absolute, tree, lines)
            else:
                facts = self._modules.facts(absolute)
            if not isinstance(facts, ModuleFacts):
                return Report(problems=(Problem(path, facts.line, facts.reason),))
            sites = self._deployed(facts.path, self._sites(facts, text)) if spawns else ()
            return self._report(facts, sites, asked)

    @property
    def loaded(self) -> int:
        """The number of modules that were parsed here so far."""
        return self._modules.loaded

    def _may_spawn(self, text: str, index: SpawnIndex | None) -> bool:
        return self._models.may_spawn(text) or (index is not None and index.may_spawn(text))

    def _sites(self, facts: ModuleFacts, text: str | None = None) -> tuple[SpawnSite, ...]:
        if facts.path not in self._found:
            shown = self._shown(facts)
            index = self._index(facts.path)
            names = index.names if index is not None else frozenset()
            self._found[facts.path] = self._tools.inventory.sites(facts, shown, names, text)
        return self._found[facts.path]

    def _deployed(self, path: str, sites: tuple[SpawnSite, ...]) -> tuple[SpawnSite, ...]:
        """The sites of a file, the first of them told of the configurations that let no thread run."""
        found = self._tools.deployments.without_threads(path) if sites else ()
        if not found:
            return sites
        unthreaded = tuple(Unthreaded(Span(self._short(one.path), one.line, 0, one.line, 0), one.kind) for one in found)
        return (sites[0]._replace(around=sites[0].around._replace(unthreaded=unthreaded)), *sites[1:])

    def prepare(self, paths: Sequence[str]) -> None:
        """Survey the projects of these files or folders now, so that worker processes inherit the result."""
        with collector_at_rest(self._options.lasting):
            for path in paths:
                absolute = os.path.normpath(os.path.join(self._cwd, path))  # noqa: PTH118
                index = self._index(below(absolute, "x.py"))
                if index is not None:
                    self._prepare_rules(absolute, index)

    def _prepare_rules(self, folder: str, index: SpawnIndex) -> None:
        """Let rules look through the project now, if a file below the folder will make them do so anyway."""
        for rule in self._rules:
            if type(rule).prepare is not Rule.prepare:
                texts = (self._modules.text(path) for path in index.asked(folder))
                if any(rule.asks(text, False) for text in texts):
                    rule.prepare(self._tools.run, self._resolver.project_root(below(folder, "x.py")))

    def _index(self, path: str) -> SpawnIndex | None:
        if not self._options.survey:
            return None
        root = self._resolver.project_root(path)
        if root not in self._indexes:
            asked = Gate((word,) for rule in self._rules for word in rule.words)
            registers = Gate(self._models.registering_words)
            gates = self._models.may_spawn, asked.passes, registers.passes
            found = survey(root, self.sources, self._resolver, *gates, self._looks)
            self._derived[root] = found.derived
            self._registering[root] = found.registering
            self._ready[root] = found.ready
            self._spawning[root] = found.spawning
            self._indexes[root] = SpawnIndex(
                found, self.sources, self._modules, lambda: self._tools.helpers, self._helpers
            )
        return self._indexes[root]

    def _sites_of(self, path: str) -> tuple[SpawnSite, ...]:
        facts = self._modules.facts(path)
        return self._sites(facts) if isinstance(facts, ModuleFacts) else ()

    @cached_property
    def _resolver(self) -> Resolver:
        libraries = {row.path.partition(".")[0] for row in self._models.rows()}
        return Resolver(self.sources, self._cwd, libraries)

    @cached_property
    def _tools(self) -> _Tools:
        # Most of the start-up goes into these imports, and most files do without.
        from flake8_django_threads.effects.census import Census
        from flake8_django_threads.effects.deployment import Deployments
        from flake8_django_threads.effects.helpers import Helpers
        from flake8_django_threads.effects.inventory import Inventory
        from flake8_django_threads.values.interpreter import Interpreter

        run = Interpreter(
            self._modules,
            self._resolver,
            self._models,
            self._beyond,
            self._derived,
            self._registering,
            lambda path, alias: self._settings.caches_in_a_table(path, alias),
            self._answers,
        )
        census = Census(self.sources, self._modules, self._resolver, self._sites_of)
        inventory = Inventory(run, self._cwd, lambda path, alias: self._settings.keeps(path, alias), self._ready)
        deployments = Deployments(self.sources, self._resolver, self._spawning, self._sites_of)
        return _Tools(run, inventory, Helpers(run), census, deployments)

    @cached_property
    def _settings(self) -> Settings:
        # Few entries hang on a setting.
        from flake8_django_threads.project.settings import Settings

        return Settings(self.sources, self._modules, self._resolver)

    def _shown(self, facts: ModuleFacts) -> str:
        return self._short(facts.path)

    def _short(self, path: str) -> str:
        return path.removeprefix(self._cwd.rstrip(os.sep) + os.sep)

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in all_rules() if rule.default or rule.code in self._options.enable)

    def _report(self, facts: ModuleFacts, sites: tuple[SpawnSite, ...], asked: Sequence[Rule]) -> Report:
        findings = [
            finding
            for site in sites
            for rule in self._rules
            if rule.of_place or not site.at_run
            for finding in rule.check(site)
        ]
        sites = tuple(site for site in sites if not site.at_run)
        if asked:
            file = LintedFile(facts, self._shown(facts), sites, self._tools.run, self._alone)
            findings.extend(finding for rule in asked for finding in rule.check_file(file))
        findings = [self._counted(finding) for finding in findings]
        reasons = Counter(site.unknown for site in sites if site.unknown)
        return Report(
            tuple(dict.fromkeys(findings)),
            len(sites),
            sum(not site.unknown for site in sites),
            sum(site.leak is not None for site in sites),
            tuple(sorted(reasons.items())),
        )

    def _counted(self, finding: Finding) -> Finding:
        """The finding, its remedy told whether the entry is only ever spawned."""
        remedy = finding.remedy
        if not self._options.census or remedy is None or remedy.entry is None:
            return finding
        path = os.path.normpath(os.path.join(self._cwd, remedy.entry.span.path))  # noqa: PTH118
        only = self._tools.census.only_spawned(remedy.entry, path)
        return finding._replace(remedy=remedy._replace(only_spawned=only))


@contextmanager
def collector_at_rest(lasting: bool = False) -> Iterator[None]:
    """Let no garbage be looked for here, nor, for a ``lasting`` engine, later among what was made here.

    Looking through it again and again, in the linter's own work too, took half of the plugin's time. Of an engine that
    does not last, nothing would ever be given back.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if lasting:
                gc.freeze()
            gc.enable()


class _Tools(NamedTuple):
    """What the first file that passes the gate makes the engine build."""

    run: Interpreter
    inventory: Inventory
    helpers: Helpers
    census: Census
    deployments: Deployments
