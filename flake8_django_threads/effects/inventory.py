"""The inventory of spawn sites in a file: which calls hand code to another thread, and what that code does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, NamedTuple

from flake8_django_threads.base import Definition, Span, Step
from flake8_django_threads.effects.bits import OPEN, REOPENED
from flake8_django_threads.effects.candidates import Candidates
from flake8_django_threads.effects.crossing import crossings
from flake8_django_threads.effects.detour import Turn, detour
from flake8_django_threads.effects.entries import (
    NO_CALLER,
    closes_over,
    entry_function,
    entry_name,
    handed_over,
    left_to_parameter,
)
from flake8_django_threads.effects.evidence import CLOSING_NAMES, close_alone, closing, first_write
from flake8_django_threads.effects.explore import (
    HELPER_DEPTH,
    LIMITS,
    OUTER_DEPTH,
    OUTER_STEPS,
    deep_stack,
    outer_function,
    outermost,
    reach,
    run_symbolically,
)
from flake8_django_threads.effects.fold import STUCK
from flake8_django_threads.effects.helper_row import helper_row
from flake8_django_threads.effects.lookaround import Lookaround
from flake8_django_threads.effects.sites import (
    NEVER_CLOSED,
    WAITING,
    Connection,
    SpawnSite,
    connections,
    reported,
)
from flake8_django_threads.effects.surroundings import NOWHERE, Crossing
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import attributes, flow, owned, servers, spawning, surroundings
from flake8_django_threads.values.domain import (
    Arguments,
    Bound,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Unknown,
    Vals,
    Value,
    one,
)
from flake8_django_threads.values.flow import sequence
from flake8_django_threads.values.interpreter import MOST_DEPTH, MOST_STEPS, Exhausted, Interpreter, SpawnEvent, ignore
from flake8_django_threads.values.transactions import Block, Start

MOST_CALLERS = 12
_POOLS = frozenset({"ThreadPoolExecutor", "ThreadPool", "Pool"})
FILE_STEPS, LEAST_STEPS = 160_000, 4_000
LIMIT = "limit: "


class Event(NamedTuple):
    """A spawn as met, with the tree of what runs there; ``behind`` is the function that a wrapper around it calls,
    ``starts`` are the calls that start its thread object, ``crossings`` what it uses of the connection outside,
    ``callback`` is the call that adds the done-callback by which alone the job is closed."""

    event: SpawnEvent
    tree: flow.Node
    reasons: frozenset[str]
    behind: str = ""
    starts: tuple[Start, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    callback: r.At | None = None


class Inventory:
    """Finds the spawn sites of one file after the other with one interpreter."""

    def __init__(
        self,
        run: Interpreter,
        cwd: str = "",
        keeps: Callable[[str, str], bool] = lambda _, __: False,
        ready: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        """``keeps`` tells of a file and an alias whether the settings of its project keep connections open; ``ready``
        are the files of each project that may hold an ``AppConfig.ready``."""
        self._run = run
        self._cwd = cwd
        self._keeps = keeps
        self._look = Lookaround(run, self._shown, ready)
        self._candidates = Candidates(run)
        self._bodies: dict[r.Function, bool] = {}
        self._outer_depth = OUTER_DEPTH
        self._left = FILE_STEPS
        self._own_events: dict[Func, dict[tuple[str, r.At], bool]] = {}

    def sites(
        self, module: r.ModuleFacts, shown: str, helpers: frozenset[str] = frozenset(), text: str | None = None
    ) -> tuple[SpawnSite, ...]:
        """Every spawn site of ``module``, in source order. ``shown`` is the file's name in messages.

        ``text`` is the file's: a spawner's name counts only where the words that go with it are in the text too.
        """
        self._candidates.read(text)
        with deep_stack():
            return tuple(sorted(self._sites(module, shown, helpers), key=lambda s: (s.span.line, s.span.col)))

    def _sites(self, module: r.ModuleFacts, shown: str, helpers: frozenset[str]) -> Iterator[SpawnSite]:
        self._left = FILE_STEPS
        bodies = dict(self._subclass_sites(module, shown))
        yield from bodies.values()
        candidates = [
            (call, scope) for call, scope in module.calls if self._candidates.may_spawn(module, call, scope, helpers)
        ]
        found: dict[r.At, list[Event]] = {}
        roots = dict.fromkeys(outermost(scope) for _, scope in candidates)
        for root in [*roots, *self._callers(module, list(roots))]:
            inside = [(call, scope) for call, scope in candidates if outermost(scope) is root]
            for at, event in self._run_root(module, root, inside):
                found.setdefault(at, []).append(event)
        for at, event in (*self._by_decorator(module), *(self._decorated(module, helpers) if helpers else ())):
            found.setdefault(at, []).append(event)
        for at, events in found.items():
            site = self._site(module, shown, at, events, bodies)
            if site is not None:
                yield site

    def _callers(self, module: r.ModuleFacts, roots: list[r.Scope]) -> list[r.Scope]:
        """Functions of the module that call a root by its name: they know its arguments and its object's attributes, or
        the transaction that it runs in."""
        atomic = {outermost(scope) for call, scope in module.calls if last_name(call.func) == "atomic"}
        atomic |= {f for f in module.functions if any(last_name(callee(d)) == "atomic" for d in f.decorators)}
        names = {root.name for root in roots if isinstance(root, r.Function) and len(root.parameters) > 0}
        bare = {root.name for root in roots if isinstance(root, r.Function)} if atomic else set()
        found: dict[r.Scope, None] = {}
        for call, scope in module.calls:
            func = call.func
            name = func.id if isinstance(func, r.Name) else func.name if isinstance(func, r.Attr) else ""
            outer = outermost(scope)
            wanted = name in names or (name in bare and outer in atomic)
            if wanted and outer not in roots and isinstance(outer, r.Function):
                found[outer] = None
        return list(found)[:MOST_CALLERS]

    # Decorators.

    def _decorated(self, module: r.ModuleFacts, helpers: frozenset[str]) -> Iterator[tuple[r.At, Event]]:
        """Spawns by a decorator of the project: calling the decorated function starts a thread that runs it."""
        run = self._run
        for function in module.functions:
            marks = [d for d in function.decorators if last_name(callee(d)) in helpers]
            if not marks or isinstance(function.owner, r.Function):
                continue
            run.begin()
            met: list[Event] = []
            func = outer_function(module, function)
            run.on_spawn = lambda event, met=met: self._meet(event, met)  # type: ignore[misc]
            try:
                frame = run.class_frame(func.klass) if func.klass is not None else run.module_frame(module)
                with run.writing():
                    made = run.names.function_value(frame, function)
                    receiver = [one(Instance(func.klass))] if func.klass is not None else []
                    unknown_rest = frozenset({Unknown(NO_CALLER)})
                    run.call(made, Arguments(receiver, None, unknown_rest), function.at, frame)
            except LIMITS:
                pass
            finally:
                run.on_spawn = ignore
            for event in met:
                entries = [entry_function(v) for v in event.event.callables]
                if any(e is not None and e.function is function for e in entries) or any(
                    closes_over(e, function, run) for e in entries
                ):
                    yield marks[0].at, event

    def _by_decorator(self, module: r.ModuleFacts) -> Iterator[tuple[r.At, Event]]:
        """Spawns by a library's decorator with options: a call of the decorated function runs it in a thread."""
        run = self._run
        for function in module.functions:
            if isinstance(function.owner, r.Function):
                continue
            for mark in function.decorators:
                if not (isinstance(mark, r.Call) and self._candidates.may_spawn(module, mark, module, frozenset())):
                    continue
                run.begin()
                func = outer_function(module, function)
                frame = run.class_frame(func.klass) if func.klass is not None else run.module_frame(module)
                met: list[Event] = []
                with suppress(*LIMITS), run.detached():
                    entry: Value = Bound(func, Instance(func.klass)) if func.klass is not None else func
                    for made in run.evaluate(frame, mark):
                        row = spawning.decorator_row(run, made)
                        if row is not None:
                            stack = ((frame, mark.at),)
                            self._meet(SpawnEvent(row, one(entry), Arguments(), stack, None, None), met)
                yield from ((mark.at, event) for event in met)

    # Roots.

    def _run_root(
        self, module: r.ModuleFacts, root: r.Scope, inside: list[tuple[r.Call, r.Scope]]
    ) -> list[tuple[r.At, Event]]:
        """Run the outermost function that holds candidates, then what it did not reach: (position in it, event)."""
        run = self._run
        run.begin()
        met: list[Event] = []
        # A request's transactions, and from where on each holds something that was written.
        written: dict[Block, r.At | None] = {}
        run.on_spawn = lambda event: self._meet(event, met)
        run.on_done = lambda job, callbacks, frame, at: self._finish(job, callbacks, frame, at, met)
        run.on_start = lambda thread: self._start(thread, met)
        try:
            frame: Frame | None = None
            if isinstance(root, r.Function):
                func = outer_function(module, root)
                served = self._look.served(func)
                run.blocks = (*served, *self._look.decorated(func))
                frame = self._run_symbolically(func)
                run.blocks = ()
                trees = [known.summary.tree for known in run.memo.get(frame, ())] if served else []
                for block in served:
                    wrote = (first_write(tree, module.path, block.alias) for tree in trees)
                    written[block] = min((at for at in wrote if at is not None), default=None)
            for call, scope in inside:
                if (module.path, call.at) in run.evaluated:
                    continue
                reach(run, module, call, scope, root, frame, self._outer_depth)
        except LIMITS:
            pass
        finally:
            run.on_spawn = ignore
            run.on_done = ignore
            run.on_start = ignore
        starts = run.starts
        result = []
        for event in _closed_by_the_next(met, module):
            at = self._attributed(event, module)
            if at is not None:
                thread = event.event.thread
                own = tuple(start for start in starts if start.thread == thread) if thread is not None else ()
                result.append((at, _behind_writes(event._replace(starts=own), root, written)))
        return result

    def _run_symbolically(self, func: Func) -> Frame:
        return run_symbolically(self._run, func, self._outer_depth)

    def _meet(self, event: SpawnEvent, met: list[Event]) -> None:
        """Run the entry as the other thread would, and keep its tree."""
        run = self._run
        if run.in_thread:
            return
        active, run.active = run.active, []
        run.in_thread += 1
        run.store.enter()
        surroundings.leave(run)
        self._let_time_pass()
        try:
            with run.writing() as items, self._budget(), self._watched(event.arguments) as crossing:
                entries = frozenset(v for v in event.callables if not isinstance(v, Const))
                if entries:
                    run.call(entries, event.arguments, event.stack[-1][1], event.stack[-1][0])
            reasons = set()
            for item in items:
                if isinstance(item, flow.Invoke):
                    reasons |= item.summary.unknown
            met.append(
                Event(event, sequence(items), frozenset(reasons), self._wrapped_name(event), (), tuple(crossing))
            )
        except LIMITS as limit:
            met.append(Event(event, flow.NOTHING, frozenset({_reason(limit)})))
        finally:
            run.store.leave()
            run.in_thread -= 1
            run.active = active

    @contextmanager
    def _watched(self, given: Arguments) -> Iterator[list[Crossing]]:
        """Run what another thread does; afterwards the list holds what of this thread's connection it used."""
        run = self._run
        found: list[Crossing] = []
        used: dict[Ext, None] = {}
        outside, memo, listener = run.made, run.memo, run.on_library

        def note(path: str, receiver: Value | None, *rest: Any) -> None:
            if owned.is_used(run, path, receiver):
                used[receiver] = None  # type: ignore[index]
            listener(path, receiver, *rest)

        run.made, run.on_library = set(), note
        if outside:
            run.memo = {}  # A call remembered from outside would give out what was made there.
        try:
            yield found
            found.extend(crossings(run, used, given, outside, run.made))
        finally:
            run.made, run.memo, run.on_library = outside, memo, listener

    def _wrapped_name(self, event: SpawnEvent) -> str:
        """Where the entry is an inner function that was made around one other function, the name of that one."""
        names: set[str] = set()
        for value in event.callables:
            entry = entry_function(value)
            frame = entry.frame if entry is not None else None
            if frame is None or frame.function is None:
                continue
            for parameter in frame.function.parameters:
                held = self._run.store.peek((frame, parameter.name)) or frozenset()
                names |= {f.function.qualname for v in held if (f := entry_function(v)) is not None}
        return names.pop() if len(names) == 1 else ""

    @contextmanager
    def _budget(self) -> Iterator[None]:
        """The steps of one entry, out of those of its file: the first sites of a file get most of them."""
        run = self._run
        with run.within(MOST_DEPTH, min(MOST_STEPS, self._left)):
            yield
            self._left = max(self._left - run.steps, LEAST_STEPS)

    def _let_time_pass(self) -> None:
        """Until the thread runs, flags and counters of objects that others know may have changed."""
        store = self._run.store
        for cell, vals in store.held().items():
            owner = cell[0]
            shared = isinstance(owner, Instance) and owner.site is None
            shared = shared or (isinstance(owner, Frame) and owner.function is None and owner.klass is None)
            if shared and all(isinstance(v, Const) for v in vals):
                store.set(cell, vals | {Unknown("state of an object")})

    def _start(self, thread: Value, met: list[Event]) -> None:
        """A thread object starts: by now its attributes may be set, so its body is run again."""
        for event in [e for e in met if e.event.job == thread]:
            met.remove(event)
            self._meet(event.event, met)

    def _finish(self, job: Value, callbacks: Vals, frame: Frame, at: r.At, met: list[Event]) -> None:
        """A done-callback: taken to run in the worker, after the job."""
        run = self._run
        if run.in_thread:
            return
        for index, event in enumerate(met):
            if event.event.job != job:
                continue
            active, run.active = run.active, []
            run.in_thread += 1
            run.store.enter()
            try:
                with run.writing() as items, self._budget():
                    run.call(callbacks, Arguments([one(job)]), at, frame)
                after = sequence(items)
                tree = flow.Try(at, event.tree, (), flow.NOTHING, after)
                closes = any(closing(event.tree)), any(closing(after))
                callback = at if frame.module.path == event.event.stack[0][0].module.path else None
                met[index] = event._replace(tree=tree, callback=callback if closes == (False, True) else None)
            finally:
                run.store.leave()
                run.in_thread -= 1
                run.active = active

    def _attributed(self, event: Event, module: r.ModuleFacts) -> r.At | None:
        """The call in this file to which the spawn belongs: the innermost that knows its entry without its callers."""
        stack = event.event.stack
        owner = stack[0]
        for inner, at in reversed(stack[1:]):
            if inner.function is not None and self._resolves(inner, stack[-1]):
                owner = inner, at
                break
        return owner[1] if owner[0].module is module else None

    def _resolves(self, frame: Frame, spawn: tuple[Frame, r.At]) -> bool:
        """Whether a function, run without knowing its callers, knows the entry of this spawn by itself."""
        assert frame.function is not None
        func = Func(frame.function, frame.module, frame.parent, frame.klass)
        own = self._own_events.get(func)
        if own is None:
            own = self._own_events[func] = {}
            run = self._run
            saved = run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts
            run.begin()
            run.evaluated = set()

            def meet(event: SpawnEvent) -> None:
                if not run.in_thread:
                    last, at = event.stack[-1]
                    known = any(not isinstance(v, (Unknown, Const)) for v in event.callables)
                    known = known and not left_to_parameter(event, func.function, run)
                    key = (last.module.path, at)
                    own[key] = own.get(key, False) or known

            run.on_spawn = meet
            self._outer_depth = HELPER_DEPTH
            with suppress(*LIMITS):
                self._run_symbolically(func)
            self._outer_depth = OUTER_DEPTH
            run.on_spawn, run.store, run.active, run.out, run.steps, run.memo, run.evaluated, run.starts = saved
        return own.get((spawn[0].module.path, spawn[1]), False)

    # Sites.

    def _site(
        self, module: r.ModuleFacts, shown: str, at: r.At, events: list[Event], bodies: dict[r.Function, SpawnSite]
    ) -> SpawnSite | None:
        best: SpawnSite | None = None
        at_run = False
        for event in events:
            for value in attributes.ordered(event.event.callables):
                entry = entry_function(value)
                if entry is None:
                    continue
                if entry.function in bodies and bodies[entry.function].connections:
                    at_run = True
                if entry.module is not module and self._stands_at_run(entry):
                    at_run = True
            site = self._judge(module, shown, at, event)
            if best is None or _rank(site) < _rank(best):
                best = site
        if best is None:
            return None
        scope = self._look.scope(module, best)
        row = helper_row(self._run, module, scope, best) if best.unknown else ""
        best = best._replace(
            at_run=at_run,
            row=row,
            around=self._look.around(module, best, [(e.event, e.starts, e.crossings) for e in events]),
        )
        return None if at_run and best.around == NOWHERE else best

    def _stands_at_run(self, entry: Func) -> bool:
        """Whether an entry is the ``run`` of a thread class of another file, which has its finding there."""
        if entry.function not in self._bodies:
            known = False
            if entry.function.name == "run" and entry.klass is not None:
                row = self._run.models.find("subclass", "threading.Thread")
                klass = ClassValue(entry.klass.fact, entry.module, entry.klass.frame)
                with suppress(*LIMITS):
                    if row is not None and self._run.classes.is_a(klass, "threading.Thread"):
                        site = self._entry_site(entry.module, entry.module.path, klass, entry.function, row)
                        known = site is not None and bool(site.connections)
            self._bodies[entry.function] = known
        return self._bodies[entry.function]

    def _judge(self, module: r.ModuleFacts, shown: str, at: r.At, event: Event) -> SpawnSite:
        spawn = event.event
        span = Span(shown, *at)
        values = attributes.ordered(frozenset(v for v in spawn.callables if not isinstance(v, Const)))
        entry = next((f for v in values if (f := entry_function(v)) is not None), None)
        unknown = next((v.reason for v in values if isinstance(v, Unknown)), "")
        if any(not isinstance(v, Unknown) for v in values):
            unknown = ""
        name = f"{event.behind}()" if event.behind else entry_name(entry, values)
        handed = spawn.target if at == spawn.stack[-1][1] else handed_over(module, at, entry)
        if spawn.row.entries:
            handed = None  # an object with methods, which no function can stand for
        target = Span(shown, *handed) if handed is not None else None
        definition = None
        if entry is not None:
            definition = Definition(
                entry.function.qualname, Span(self._shown(entry.module.path, module, shown), *entry.function.at)
            )
        reasons = event.reasons
        turns: tuple[Turn, ...] = ()
        try:
            found = connections(event.tree, module.path, lambda alias: self._keeps(module.path, alias))
            leak = reported(found)
            if leak is not None and leak.fault != NEVER_CLOSED:
                turns = _detour(event.tree, module.path, leak)
        except RecursionError as limit:
            found, reasons = (), reasons | {_reason(limit)}
        if not found and not unknown:
            unknown = min((reason for reason in reasons if reason.startswith(LIMIT)), default="")
        through, inner = "", None
        innermost, spawned_at = spawn.stack[-1]
        if at != spawned_at or innermost.module is not module:
            helper = spawn.stack[1][0].function if len(spawn.stack) > 1 else None
            through = helper.qualname if helper is not None else ""
            if spawn.target is not None and not spawn.row.entries:
                inner = Span(self._shown(innermost.module.path, module, shown), *spawn.target)
        return SpawnSite(
            span,
            spawn.row.kind or "thread",
            name,
            definition,
            target,
            found,
            self._trail(span, name, found, module, shown),
            unknown,
            reasons,
            module.path,
            through,
            inner,
            turns,
            tuple(Step(Span(self._shown(turn.path, module, shown), *turn.at), turn.text) for turn in turns),
            only_closes=close_alone(event.tree) if not unknown and _is_plain(entry, event, module) else "",
            callback=Span(shown, *event.callback) if event.callback is not None else None,
        )

    def _trail(
        self, span: Span, name: str, found: tuple[Connection, ...], module: r.ModuleFacts, shown: str
    ) -> tuple[Step, ...]:
        steps = [Step(span, f"hands {name} to another thread")]
        leak = reported(found) or next(iter(found), None)  # as SpawnSite.touched has it
        if leak is not None:
            for function, path, at in leak.touch.calls:
                steps.append(Step(Span(self._shown(path, module, shown), *at), f"calls {function}"))
            place = Span(self._shown(leak.touch.path, module, shown), *leak.touch.leaf.at)
            steps.append(Step(place, f"touches the database: {leak.touch.leaf.what}"))
        return tuple(steps)

    def _shown(self, path: str, module: r.ModuleFacts, shown: str) -> str:
        """The name of a file in messages: as given, or seen from where the linter runs."""
        if path == module.path:
            return shown
        return path.removeprefix(self._cwd.rstrip(os.sep) + os.sep)

    # Thread subclasses.

    def _subclass_sites(self, module: r.ModuleFacts, shown: str) -> Iterator[tuple[r.Function, SpawnSite]]:
        run = self._run
        for fact in module.classes:
            rows = [row for row in run.models.rows("subclass") if any(e in fact.functions for e in row.entries)]
            if not rows or not fact.bases:
                continue
            run.begin()
            try:
                klass = self._class_value(module, fact)
                if klass is None or spawning.closes_itself(run, klass):
                    continue
                for row in rows:
                    if not run.classes.is_a(klass, row.path):
                        continue
                    if row.needs_base is not None:
                        if self._is_served(module, klass):
                            yield from self._handler_sites(module, shown, klass)
                        break
                    for name in row.entries:
                        if name in fact.functions:
                            function = fact.functions[name]
                            site = self._entry_site(module, shown, klass, function, row)
                            if site is not None:
                                yield function, site
                    break
            except LIMITS:
                continue

    def _is_served(self, module: r.ModuleFacts, klass: ClassValue) -> bool:
        """Whether the module makes a server that starts a thread for each request, with this handler class or one below
        it: anywhere among the arguments, for a server of the project may take others first."""
        run = self._run
        own = {klass.fact.name}
        for fact in module.classes:
            if own & {last_name(base) for base in fact.bases}:
                own.add(fact.name)
        for call, _ in module.calls:
            given = (*call.args, *(k.value for k in call.keywords))
            if any(last_name(expr) in own for expr in given):
                with run.within(OUTER_DEPTH, OUTER_STEPS), run.detached():
                    made = run.evaluate(run.module_frame(module), call.func)
                    if any(isinstance(v, (ClassValue, Ext)) and servers.is_threading(run, v) for v in made):
                        return True
        return False

    def _handler_sites(
        self, module: r.ModuleFacts, shown: str, klass: ClassValue
    ) -> Iterator[tuple[r.Function, SpawnSite]]:
        """The methods of a handler class that a request's thread runs; ``finish`` comes after each of the others."""
        last = klass.fact.functions.get("finish")
        row = servers.handler_rows(self._run, klass)[0]
        for name in row.entries:
            function = klass.fact.functions.get(name)
            if function is not None and function is not last:
                site = self._entry_site(module, shown, klass, function, row, last)
                if site is not None:
                    yield function, site

    def _class_value(self, module: r.ModuleFacts, fact: r.ClassFact) -> ClassValue | None:
        owner = fact.owner
        while owner is not None and not isinstance(owner, r.ModuleFacts):
            if isinstance(owner, r.Function):
                frame = self._run_symbolically(outer_function(module, outermost(owner)))  # type: ignore[arg-type]
                return ClassValue(fact, module, frame)
            owner = owner.owner
        return ClassValue(fact, module)

    def _entry_site(
        self,
        module: r.ModuleFacts,
        shown: str,
        klass: ClassValue,
        function: r.Function,
        row: Row,
        last: r.Function | None = None,
    ) -> SpawnSite | None:
        """The site at a method that a thread runs; ``last`` is one that it runs after it, whatever happens."""
        run = self._run
        run.begin()
        met: list[Event] = []
        spawn_row = run.models.find("spawn", "threading.Thread")
        assert spawn_row is not None
        entry = Bound(Func(function, module, klass.frame, klass), Instance(klass))
        name_at = function.at
        event = SpawnEvent(
            spawn_row._replace(kind=row.kind), one(entry), Arguments(), ((run.module_frame(module), name_at),), None
        )
        self._meet(event, met)
        if not met:
            return None
        if last is not None:
            final = Bound(Func(last, module, klass.frame, klass), Instance(klass))
            self._meet(event._replace(callables=one(final)), met)
            met[0] = met[0]._replace(tree=flow.Try(name_at, met[0].tree, (), flow.NOTHING, met[-1].tree))
        line, col = name_at[0], name_at[1]
        site = self._judge(module, shown, (line, col, line, col + len("def ") + len(function.name)), met[0])
        return site._replace(target=None)


def _behind_writes(event: Event, root: r.Scope, written: Mapping[Block, r.At | None]) -> Event:
    """The event without those transactions of a request that hold nothing yet where its thread starts."""
    if not written:
        return event
    made = event.event.stack[0][1]

    def holding(blocks: tuple[Block, ...], at: r.At) -> tuple[Block, ...]:
        places = [(block, written.get(block, block.at)) for block in blocks]
        return tuple(block for block, wrote in places if wrote is not None and wrote[:2] < at[:2])

    starts = []
    for start in event.starts:
        here = isinstance(root, r.Function) and root.at[:2] <= start.at[:2] <= root.at[2:]
        starts.append(start._replace(blocks=holding(start.blocks, start.at if here else made)))
    spawn = event.event._replace(blocks=holding(event.event.blocks, made))
    return event._replace(event=spawn, starts=tuple(starts))


def _detour(tree: flow.Node, path: str, leak: Connection) -> tuple[Turn, ...]:
    """The shortest way to leave the connection open, for the states in which it is reported."""
    if leak.fault == WAITING:
        return detour(tree, path, leak.alias, leak.kept, STUCK, leak.stuck)
    states = (leak.plain or leak.raised) & {OPEN, REOPENED}
    if leak.plain and OPEN in leak.plain:
        states = frozenset({OPEN})
    return detour(tree, path, leak.alias, leak.kept, "plain" if leak.plain else "raised", states)


def _reason(limit: Exception) -> str:
    return str(limit) if isinstance(limit, Exhausted) else f"{LIMIT}depth"


def _is_plain(entry: Func | None, event: Event, module: r.ModuleFacts) -> bool:
    """Whether a job is what is written for it, and nothing that closes around somebody else's function."""
    if event.behind or _has_one_worker(module):
        return False
    if entry is None:
        return True
    is_alone = entry.function.name == "<lambda>" or isinstance(entry.function.owner, r.ModuleFacts)
    called = {last_name(call.func) for call, scope in entry.module.calls if scope is entry.function}
    return is_alone and not entry.function.decorators and called <= CLOSING_NAMES


def _closed_by_the_next(events: list[Event], module: r.ModuleFacts) -> list[Event]:
    """The events, each with the close that a later job of its function makes for it in the only worker there is."""
    if not _has_one_worker(module):
        return events
    closing_jobs = [e for e in events if _only_pool_has_one_worker(e.event.stack[-1][0]) and close_alone(e.tree)]

    def follows(job: Event, event: Event) -> bool:
        (frame, at), (closing_frame, closing_at) = event.event.stack[-1], job.event.stack[-1]
        return frame is closing_frame and at < closing_at

    return [
        event._replace(tree=sequence([event.tree, next(job for job in closing_jobs if follows(job, event)).tree]))
        if event not in closing_jobs and any(follows(job, event) for job in closing_jobs)
        else event
        for event in events
    ]


def _has_one_worker(module: r.ModuleFacts) -> bool:
    """Whether the module makes a pool of one worker, where each job runs in the same thread."""
    return any(_is_of_one(call) for call, _ in module.calls)


def _only_pool_has_one_worker(frame: Frame) -> bool:
    """Whether every pool that the function makes has one worker; where it makes none, every pool of its module."""
    made = [(call, scope) for call, scope in frame.module.calls if last_name(call.func) in _POOLS]
    own = [call for call, scope in made if scope is frame.function]
    return all(map(_is_of_one, own or [call for call, _ in made]))


def _is_of_one(call: r.Call) -> bool:
    """Whether a call makes a pool of one worker."""
    return last_name(call.func) in _POOLS and any(
        isinstance(v, r.Const) and v.value == 1 for v in (*call.args[:1], *(k.value for k in call.keywords))
    )


def _rank(site: SpawnSite) -> tuple[bool, bool]:
    return site.leak is None, not site.connections
