"""The inventory of spawn sites in a file: which calls hand code to another thread, and what that code does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from flake8_django_threads.effects.callers import Place, calling
from flake8_django_threads.effects.candidates import Candidates
from flake8_django_threads.effects.entries import (
    closes_over,
    entry_function,
    hands_parameter_on,
    left_to_parameter,
    names_of,
    spawner_is_given,
)
from flake8_django_threads.effects.evidence import first_write, leaves
from flake8_django_threads.effects.executions import Event, Executions
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
from flake8_django_threads.effects.helper_row import helper_row
from flake8_django_threads.effects.judgement import Judge
from flake8_django_threads.effects.lookaround import Lookaround
from flake8_django_threads.effects.one_worker import closed_by_the_next
from flake8_django_threads.effects.sites import (
    SpawnSite,
)
from flake8_django_threads.effects.surroundings import NOWHERE
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin, holds
from flake8_django_threads.facts.walk import callee, last_name, words
from flake8_django_threads.models.load import Row
from flake8_django_threads.values import attributes, flow, servers, spawning
from flake8_django_threads.values.domain import (
    NO_CALLER,
    Arguments,
    Bound,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Unknown,
    Value,
    one,
)
from flake8_django_threads.values.interpreter import Interpreter, SpawnEvent, ignore
from flake8_django_threads.values.transactions import Block

MOST_CALLERS = 12


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
        self._executions = Executions(run)
        self._judge = Judge(cwd, keeps)
        self._look = Lookaround(run, self._judge.shown_name, ready)
        self._candidates = Candidates(run)
        self._bodies: dict[r.Function, bool] = {}
        self._outer_depth = OUTER_DEPTH
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
        self._executions.begin_file()
        # What the look for helpers has met counts for nothing here.
        self._run.evaluated = set()
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
        for place in self._givers(module, candidates, found):
            for at, event in self._run_root(module, place.function, [], place.module):
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

    def _givers(
        self, module: r.ModuleFacts, candidates: list[tuple[r.Call, r.Scope]], found: Mapping[r.At, list[Event]]
    ) -> list[Place]:
        """Functions of other modules that may call one whose spawn hangs on what they give: its pool, or an object that
        its code works with and of which nothing is known here."""
        run = self._run
        given = (
            outermost(scope)
            for call, scope in candidates
            if spawner_is_given(call, scope)
            or (hands_parameter_on(call, scope) and _hangs_on_callers(found.get(call.at, ()), module.path))
        )
        places = [Place(module, root) for root in dict.fromkeys(given) if isinstance(root, r.Function)]
        if not places:
            return []
        callers = calling(run.modules, run.resolver.files(run.resolver.project_root(module.path)), places)
        return [place for place in callers if place.module is not module][:MOST_CALLERS]

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
            run.on_spawn = lambda event, met=met: self._executions.meet(event, met)  # type: ignore[misc]
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
        """Spawns by a library's decorator: a call of the decorated function runs it in a thread."""
        run = self._run
        for function in module.functions:
            if isinstance(function.owner, r.Function):
                continue
            for mark in function.decorators:
                if not self._candidates.may_decorate(module, mark):
                    continue
                run.begin()
                func = outer_function(module, function)
                frame = run.class_frame(func.klass) if func.klass is not None else run.module_frame(module)
                met: list[Event] = []
                with suppress(*LIMITS), run.detached():
                    entry: Value = Bound(func, Instance(func.klass)) if func.klass is not None else func
                    for made in run.evaluate(frame, mark):
                        row = spawning.decorator_row(run, made, is_bare=not isinstance(mark, r.Call))
                        if row is not None:
                            stack = ((frame, mark.at),)
                            self._executions.meet(SpawnEvent(row, one(entry), Arguments(), stack, None, None), met)
                yield from ((mark.at, event) for event in met)

    # Roots.

    def _run_root(
        self,
        module: r.ModuleFacts,
        root: r.Scope,
        inside: list[tuple[r.Call, r.Scope]],
        home: r.ModuleFacts | None = None,
    ) -> list[tuple[r.At, Event]]:
        """Run the outermost function that holds candidates, then what it did not reach: (position in it, event).

        ``home`` is the root's own module where it is another one.
        """
        run = self._run
        run.begin()
        met: list[Event] = []
        # A request's transactions, and from where on each holds something that was written.
        written: dict[Block, r.At | None] = {}
        run.on_spawn = lambda event: self._executions.meet(event, met)
        run.on_done = lambda job, callbacks, frame, at: self._executions.finish(job, callbacks, frame, at, met)
        run.on_start = lambda thread: self._executions.start(thread, met)
        try:
            frame: Frame | None = None
            if isinstance(root, r.Function):
                func = outer_function(home or module, root)
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
        for event in closed_by_the_next(met, module):
            at = self._attributed(event, module)
            if at is not None:
                thread = event.event.thread
                own = tuple(start for start in starts if start.thread == thread) if thread is not None else ()
                result.append((at, _behind_writes(event._replace(starts=own), root, written)))
        return result

    def _run_symbolically(self, func: Func) -> Frame:
        return run_symbolically(self._run, func, self._outer_depth)

    def _attributed(self, event: Event, module: r.ModuleFacts) -> r.At | None:
        """The call in this file to which the spawn belongs: the innermost that knows its entry without its callers."""
        stack = event.event.stack
        owner = stack[0]
        for inner, at in reversed(stack[1:]):
            if inner.function is not None and self._resolves(inner, stack[-1], event.event.target):
                owner = inner, at
                break
        return owner[1] if owner[0].module is module else None

    def _resolves(self, frame: Frame, spawn: tuple[Frame, r.At], target: r.At | None) -> bool:
        """Whether a function, run without knowing its callers, knows the entry of this spawn by itself.

        One to which the pool is given may know it, though by itself it does not know that this is a spawn.
        """
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
        known = own.get((spawn[0].module.path, spawn[1]))
        return spawn[0] is frame and _names_its_entry(frame, spawn[1], target) if known is None else known

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
            site = self._judge.judge(module, shown, at, event)
            if best is None or _rank(site) < _rank(best):
                best = site
        if best is None:
            return None
        scope = self._look.scope(module, best)
        row = helper_row(self._run, module, scope, best) if best.unknown else ""
        best = best._replace(
            at_run=at_run,
            row=row,
            around=self._look.around(module, best, [(e.event, e.starts, e.crossings, e.tree) for e in events]),
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
        self._executions.meet(event, met)
        if not met:
            return None
        if last is not None:
            final = Bound(Func(last, module, klass.frame, klass), Instance(klass))
            self._executions.meet(event._replace(callables=one(final)), met)
            met[0] = met[0]._replace(tree=flow.Try(name_at, met[0].tree, (), flow.NOTHING, met[-1].tree))
        line, col = name_at[0], name_at[1]
        site = self._judge.judge(module, shown, (line, col, line, col + len("def ") + len(function.name)), met[0])
        return site._replace(target=None)


def _behind_writes(event: Event, root: r.Scope, written: Mapping[Block, r.At | None]) -> Event:
    """The event without those transactions of a request that hold nothing yet where its thread starts."""
    if not written:
        return event
    made = event.event.stack[0][1]

    def holding(blocks: tuple[Block, ...], at: r.At) -> tuple[Block, ...]:
        places = [(block, written.get(block, block.at)) for block in blocks]
        return tuple(block for block, wrote in places if wrote is not None and begin(wrote) < begin(at))

    starts = []
    for start in event.starts:
        here = isinstance(root, r.Function) and holds(root.at, start.at)
        starts.append(start._replace(blocks=holding(start.blocks, start.at if here else made)))
    spawn = event.event._replace(blocks=holding(event.event.blocks, made))
    return event._replace(event=spawn, starts=tuple(starts))


def _rank(site: SpawnSite) -> tuple[bool, bool]:
    return site.leak is None, not site.connections


def _hangs_on_callers(events: Sequence[Event], path: str) -> bool:
    """Whether what a spawn runs is known and touches nothing, as far as one may say who does not know its callers."""
    return bool(events) and all(
        any(NO_CALLER in reason for reason in event.reasons)
        and not any(isinstance(leaf.leaf, flow.Touch) for leaf in leaves(event.tree, path))
        for event in events
    )


def _names_its_entry(frame: Frame, at: r.At, target: r.At | None) -> bool:
    """Whether the call that spawns through a pool that was given to its function names the code without a parameter."""
    for call, scope in frame.module.calls:
        if call.at == at and spawner_is_given(call, scope):
            own = names_of(scope) - {"self", "cls"}
            given = (*call.args, *(keyword.value for keyword in call.keywords))
            return any(expr.at == target and own.isdisjoint(words(expr)) for expr in given)
    return False
