"""Spawns that run in every process of the project: at import, or from an ``AppConfig.ready()``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from flake8_django_threads.base import Span
from flake8_django_threads.effects import by_words
from flake8_django_threads.effects.explore import outermost
from flake8_django_threads.effects.surroundings import Startup
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin
from flake8_django_threads.facts.walk import in_function, last_name, statements, words
from flake8_django_threads.project.sources import ancestors, below, is_test, last, parent
from flake8_django_threads.values.domain import Arguments, Bound, ClassValue, Frame, Func, Instance, one
from flake8_django_threads.values.interpreter import Exhausted, Interpreter, SpawnEvent
from flake8_django_threads.values.transactions import Start

APP_CONFIG = "django.apps.AppConfig"
READY = "ready"
READY_DEPTH, READY_STEPS = 6, 20_000
# As many calls as are run then, where only words tell that there is a way.
READY_ROUNDS = READY_DEPTH - 1
# What a test asks that wants to know in which process, or with which settings, it runs.
GUARDS = frozenset({"RUN_MAIN", "argv", "environ", "getenv", "settings", "__name__", "TYPE_CHECKING", "modules"})
# Files that one process alone runs or loads, by name.
ENTRY_FILES = frozenset({"manage.py", "wsgi.py", "asgi.py", "__main__.py", "setup.py", "conftest.py", "fabfile.py"})
# Calls of a script that sets Django up for itself.
SCRIPT_CALLS = frozenset({"setup", "execute_from_command_line", "get_wsgi_application", "get_asgi_application"})
APP_FILES = ("__init__.py", "apps.py", "models.py")

Stack: TypeAlias = Sequence[tuple[Frame, r.At]]
Place: TypeAlias = tuple[str, r.At]


class Startups:
    """Answers for spawns, and remembers what each ``ready`` starts.

    ``surveyed`` has, by project root, the files that seem to define one.
    """

    def __init__(self, run: Interpreter, surveyed: Mapping[str, tuple[str, ...]]) -> None:
        self._run = run
        self._surveyed = surveyed
        self._ready: dict[str, dict[Place, Span]] = {}
        self._called: dict[str, set[Place]] = {}
        self._leading: dict[Place, dict[str, None]] = {}

    def of(self, module: r.ModuleFacts, scope: r.Scope, at: r.At, events: Iterable[SpawnEvent]) -> Startup | None:
        """What runs the spawn at ``at`` of ``module`` at start-up; None where nothing does, or not in every process."""
        if not in_function(scope):
            met = list(events)
            if (
                self._imported(module)
                and _runs_here(module, at, met)
                and _starts(module, met)
                and not self._is_guarded(module, module.body, at)
            ):
                return Startup("import", Span(module.path, *at))
            return None
        if module.path not in self._called:
            self._called[module.path] = set(self._called_at_import(module)) if self._imported(module) else set()
        if (module.path, at) in self._called[module.path]:
            return Startup("import", Span(module.path, *at))
        for path in self._configs(module, scope):
            if path not in self._ready:
                self._ready[path] = dict(self._started_by(path))
            found = self._ready[path].get((module.path, at))
            if found is not None:
                return Startup("ready", found)
        return None

    # At import.

    def _imported(self, module: r.ModuleFacts) -> bool:
        """Whether a module is one of an application, which other processes than its own import too."""
        if last(module.path) in ENTRY_FILES or any(last(f) == "commands" for f in ancestors(parent(module.path))):
            return False
        if any(last_name(call.func) in SCRIPT_CALLS for call, scope in module.calls if not in_function(scope)):
            return False
        if any(isinstance(stmt, r.If) and "__name__" in words(stmt.test) for stmt in module.body):
            return False
        listing = self._run.resolver.listing(parent(module.path))
        return any(listing.get(name) is False for name in APP_FILES)

    def _called_at_import(self, module: r.ModuleFacts) -> Iterator[Place]:
        """The calls on the ways from a module's own statements, through its functions, to a spawn."""
        names = {function.name for function in module.functions if function.owner is module}
        frame = self._run.module_frame(module)
        for stmt in module.body:
            if not (isinstance(stmt, r.Evaluate) and isinstance(stmt.value, r.Call)):
                continue
            call = stmt.value
            if last_name(call.func) in names and not self._is_guarded(module, module.body, call.at):
                for stack in self._stacks(lambda call=call: self._run.evaluate(frame, call)):  # type: ignore[misc]
                    yield from self._unguarded(stack)

    # From ready().

    def _configs(self, module: r.ModuleFacts, scope: r.Scope) -> list[str]:
        """The files whose application classes may reach a scope: where the project was surveyed, those from whose
        ``ready`` names lead there, else the module's own and those around it."""
        run = self._run
        root = run.resolver.project_root(module.path)
        found: dict[str, None] = {module.path: None}
        function = outermost(scope)
        if root in self._surveyed and isinstance(function, r.Function):
            if function.name != READY:
                key = module.path, function.at
                if key not in self._leading:
                    self._leading[key] = self._leading_to(module, function, root)
                found = self._leading[key]
            return list(found)
        for folder in ancestors(parent(module.path)):
            if run.resolver.listing(folder).get("apps.py") is False:
                found[below(folder, "apps.py")] = None
            if folder == root:
                break
        return list(found)

    def _leading_to(self, module: r.ModuleFacts, function: r.Function, root: str) -> dict[str, None]:
        """The surveyed files from whose ``ready`` names lead to a function."""
        run = self._run
        owner = function.owner.name if isinstance(function.owner, r.ClassFact) else ""
        begin = by_words.named(module.path, function.name, owner)
        files = (path for path in run.resolver.files(root) if not is_test(path, root))
        found = by_words.leading(run.modules.text, files, begin, READY, READY_ROUNDS)
        return {path: None for path in (module.path, *self._surveyed[root]) if path in found}

    def _started_by(self, path: str) -> Iterator[tuple[Place, Span]]:
        """The calls, as (file, position), on the ways from the ``ready`` methods of a file to a spawn."""
        module = self._run.names.facts(path)
        for klass in module.classes if module is not None else ():
            function = klass.functions.get(READY)
            if module is None or function is None or not isinstance(klass.owner, r.ModuleFacts):
                continue
            value = ClassValue(klass, module)
            if not self._run.classes.is_a(value, APP_CONFIG):
                continue
            span = Span(module.path, *function.at)
            entry = one(Bound(Func(function, module, None, value), Instance(value)))
            frame = self._run.module_frame(module)
            for stack in self._stacks(lambda: self._run.call(entry, Arguments(), function.at, frame)):  # noqa: B023
                yield from ((place, span) for place in self._unguarded(stack))

    def _unguarded(self, stack: Stack) -> Iterator[Place]:
        """The calls of a way to a spawn, if none of its functions asks for the process."""
        if not any(self._guarded(frame, at) for frame, at in stack):
            yield from ((frame.module.path, at) for frame, at in stack)

    def _stacks(self, start: Callable[[], object]) -> list[Stack]:
        """Run something as the process does: the calls on the way to each spawn whose thread is started there."""
        run = self._run
        met: list[SpawnEvent] = []
        saved = run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts
        run.begin()
        run.evaluated = set()
        run.on_spawn = lambda event: met.append(event) if not run.in_thread else None
        try:
            with run.writing(), run.within(READY_DEPTH, READY_STEPS), suppress(Exhausted, RecursionError):
                start()
            return [event.stack for event in met if _is_started(event, run.starts)]
        finally:
            run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts = saved

    # Guards.

    def _guarded(self, frame: Frame, at: r.At) -> bool:
        """Whether the function of a frame tests in which process it runs before it makes the call at ``at``."""
        return frame.function is not None and self._is_guarded(frame.module, frame.function.body, at)

    def _is_guarded(self, module: r.ModuleFacts, body: r.Block, at: r.At) -> bool:
        """Whether a test before or around ``at`` asks for the process, by itself or in a function of the module."""
        for test in _tests_before(body, at):
            found = words(test)
            found |= {origin for name in found for origin in self._origins(module, name)}
            for function in module.functions:
                if function.name in found:
                    found |= words(function.body)
            if not found.isdisjoint(GUARDS):
                return True
        return False

    def _origins(self, module: r.ModuleFacts, name: str) -> Iterator[str]:
        """The names under which the module imports what it calls ``name``."""
        for binding in self._run.names.table(module).names.get(name, ()):
            if binding.kind == "from":
                yield binding.source[2]


def _runs_here(module: r.ModuleFacts, at: r.At, events: Iterable[SpawnEvent]) -> bool:
    """Whether what stands at ``at`` hands code over at once; a decorator does when its function is called."""
    if any(mark.at == at for function in module.functions for mark in function.decorators):
        return False
    return not any(event.row.decorator for event in events)


def _is_started(event: SpawnEvent, starts: Iterable[Start]) -> bool:
    return event.thread is None or any(start.thread == event.thread for start in starts)


def _starts(module: r.ModuleFacts, events: Iterable[SpawnEvent]) -> bool:
    """Whether a spawn at module level starts there: the ``start`` of its thread object, or scheduler, is called."""
    if any(event.thread is None and "Scheduler" not in event.row.path for event in events):
        return True
    return any(last_name(call.func) == "start" for call, scope in module.calls if not in_function(scope))


def _tests_before(body: r.Block, at: r.At) -> Iterator[r.Expr]:
    """The conditions in ``body`` that are written before ``at`` or around it."""
    for stmt in statements(body):
        if begin(stmt.at) > begin(at):
            return
        if isinstance(stmt, (r.If, r.While)):
            yield stmt.test
        elif isinstance(stmt, r.Match):
            yield stmt.subject
