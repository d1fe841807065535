"""What is around a spawn: the transaction, the test, the start-up that it stands in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from flake8_django_threads.base import Span
from flake8_django_threads.effects import in_test
from flake8_django_threads.effects.apart import misses_rows
from flake8_django_threads.effects.at_startup import Startups
from flake8_django_threads.effects.doubles import on_the_way, replaced, replaced_paths, takes_the_query
from flake8_django_threads.effects.from_outside import FromOutside
from flake8_django_threads.effects.in_request import Requests
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.effects.surroundings import NOWHERE, Block, Crossing, Surroundings
from flake8_django_threads.effects.waited import is_waited_for
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import innermost
from flake8_django_threads.facts.walk import callee, last_name
from flake8_django_threads.project.settings import Settings
from flake8_django_threads.values import flow, transactions
from flake8_django_threads.values.domain import Ext, Func
from flake8_django_threads.values.interpreter import Interpreter, SpawnEvent
from flake8_django_threads.values.transactions import Start

Met: TypeAlias = tuple[SpawnEvent, tuple[Start, ...], tuple[Crossing, ...], flow.Node]
Shown: TypeAlias = Callable[[str, r.ModuleFacts, str], str]


class Lookaround:
    """Looks around the spawns of one file after the other. ``shown`` gives a file's name in messages, ``ready`` the
    files of each project that may hold an ``AppConfig.ready``."""

    def __init__(self, run: Interpreter, shown: Shown, ready: Mapping[str, tuple[str, ...]]) -> None:
        self._run = run
        self._shown = shown
        self._startups = Startups(run, ready)
        self._requests = Requests(run, Settings(run.resolver.sources, run.modules, run.resolver))
        self._outside = FromOutside(run, ready, self.decorated)
        self._scopes: tuple[r.ModuleFacts | None, dict[r.At, r.Scope]] = (None, {})

    def around(self, module: r.ModuleFacts, site: SpawnSite, met: Sequence[Met]) -> Surroundings:
        """The surroundings of a site, from the events that belong to it and the starts of their threads."""
        crossing = tuple(dict.fromkeys(one for _, _, found, _ in met for one in found))
        if not site.connections:
            return NOWHERE._replace(crossings=crossing)
        scope = self.scope(module, site)
        place = site.span[1:]
        startup = self._startups.of(module, scope, place, [event for event, *_ in met])
        if startup is not None:
            path = startup.span.path
            startup = startup._replace(span=startup.span._replace(path=self._shown(path, module, site.span.path)))
        started = any(event.thread is None or starts for event, starts, *_ in met)
        test = in_test.test_around(self._run, module, scope) if started else None
        doubled = test is not None and self._is_taken(module, scope, site)
        if test is not None and (doubled or self._is_doubled(module, scope, site)):
            test = None
        if test is not None and test.rolled_back and not self._misses_rows(module, scope, met):
            test = test._replace(rolled_back="")
        blocks = tuple(dict.fromkeys(self._blocks(module, site, met)))
        if not blocks:
            outside = [
                (event, starts, (), flow.NOTHING) for event, starts in self._outside.events(module, scope, place)
            ]
            blocks = tuple(dict.fromkeys(self._blocks(module, site, outside)))
        return Surroundings(blocks, test, startup, crossing, doubled=doubled)

    def _is_doubled(self, module: r.ModuleFacts, scope: r.Scope, site: SpawnSite) -> bool:
        """Whether the test around a spawn puts something else in the place of what leads to the query."""
        function, klass = in_test.outermost_of(scope)
        if function is None or site.touched is None:
            return False
        names = replaced(self._run, module, function, klass)
        touch = site.touched.touch
        return on_the_way(self._run.modules, touch.calls, touch.path, names)

    def _is_taken(self, module: r.ModuleFacts, scope: r.Scope, site: SpawnSite) -> bool:
        """Whether the test around a spawn puts something else in the very place of the query, or of what makes it."""
        function, klass = in_test.outermost_of(scope)
        if function is None or site.touched is None:
            return False
        touch = site.touched.touch
        paths = replaced_paths(self._run, module, function, klass)
        return takes_the_query(touch.leaf.what, touch.calls, paths)

    def _misses_rows(self, module: r.ModuleFacts, scope: r.Scope, met: Sequence[Met]) -> bool:
        """Whether the transaction around a test comes between it and what it starts."""
        function, klass = in_test.outermost_of(scope)
        trees = [(tree, module.path) for *_, tree in met]
        return function is None or misses_rows(self._run, module, function, klass, trees)

    def served(self, func: Func) -> tuple[transactions.Block, ...]:
        """The transactions that the settings put around a view."""
        aliases = self._requests.aliases(func.module, func.function)
        here = func.module.path, func.function.at
        return tuple(transactions.Block(*here, alias, request=True) for alias in sorted(aliases))

    def decorated(self, func: Func) -> tuple[transactions.Block, ...]:
        """The transactions that the decorators of a function put around it."""
        if func.function.is_async:
            return ()  # Django refuses to begin one for a coroutine.
        run = self._run
        frame = run.class_frame(func.klass) if func.klass is not None else run.module_frame(func.module)
        found = []
        for decorator in func.function.decorators:
            written = (decorator, *decorator.args) if isinstance(decorator, r.Call) else (decorator,)
            if not any("atomic" in last_name(callee(expr)) for expr in written):
                continue
            with run.detached():
                values = [value for expr in written for value in run.evaluate(frame, expr)]
            for value in values:
                if isinstance(value, Ext) and value.path in (transactions.ATOMIC, transactions.ATOMIC[:-2]):
                    alias = value.alias or flow.DEFAULT
                    found.append(transactions.Block(func.module.path, func.function.at, alias))
        return tuple(found)

    def scope(self, module: r.ModuleFacts, site: SpawnSite) -> r.Scope:
        """The innermost function, class or module whose body holds the spawn."""
        if self._scopes[0] is not module:
            self._scopes = (module, {call.at: scope for call, scope in module.calls})
        return self._scopes[1].get(site.span[1:]) or innermost(module.functions, site.span[1:]) or module

    def _blocks(self, module: r.ModuleFacts, site: SpawnSite, met: Sequence[Met]) -> Iterable[Block]:
        """The open blocks on the databases that the code touches; a thread counts where it is started.

        A test that waits for it inside the block wants the two side by side.
        """
        aliases = {connection.alias for connection in site.connections}
        tests = in_test.test_around(self._run, module, self.scope(module, site)) is not None
        for event, starts, *_ in met:
            here = Start(None, module.path, site.span[1:], event.blocks)  # type: ignore[arg-type]
            for start in starts if event.thread is not None else (here,):
                call = Span(self._shown(start.path, module, site.span.path), *start.at)
                open_here = [block for block in reversed(start.blocks) if block.alias in aliases]
                if tests and any(is_waited_for(self._run.modules, block, start) for block in open_here):
                    continue
                for block in open_here:
                    span = Span(self._shown(block.path, module, site.span.path), *block.at)
                    yield Block(span, block.alias, call, block.request)
