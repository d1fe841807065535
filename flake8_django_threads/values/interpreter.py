"""The abstract interpreter: runs a function's body on abstract values and writes its flow tree.

Statements live here; expressions, calls, attributes, names, externals and context managers each have a file of their
own, as functions that take the running interpreter first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import expressions_in
from flake8_django_threads.models.load import Models, Row
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.store import Store as Modules
from flake8_django_threads.project.survey import Derived
from flake8_django_threads.values import (
    calls,
    construction,
    context_managers,
    exceptions,
    expressions,
    flow,
    iteration,
    patterns,
    surroundings,
    targets,
    transactions,
)
from flake8_django_threads.values.annotations import Annotations
from flake8_django_threads.values.classes import Classes
from flake8_django_threads.values.domain import (
    NOTHING,
    Arguments,
    Bound,
    ClassValue,
    Const,
    Ext,
    Frame,
    Func,
    Instance,
    Lazy,
    Partial,
    Pending,
    Vals,
    Value,
    Wrapped,
    join,
    unknown,
)
from flake8_django_threads.values.flow import Node, Summary, sequence
from flake8_django_threads.values.model_classes import ModelClasses
from flake8_django_threads.values.mutations import Mutations
from flake8_django_threads.values.namespaces import Namespaces
from flake8_django_threads.values.store import Delta, Store
from flake8_django_threads.values.transactions import Block, Start

MOST_STEPS = 80_000
# Deep calls are given up first, so that the entry's own statements, where closes stand, are always run.
_STEPS_BY_DEPTH = ((12, 0.3), (6, 0.6), (3, 0.85))
MOST_DEPTH = 40
MOST_ACTIVE = 3
# As often may one function be active with other code in its hands each time.
MOST_NESTED = 8
MOST_SUMMARIES = 6


class Exhausted(Exception):  # noqa: N818
    """The work allowed for one spawn site is used up; ``str()`` is the reason for Unknown."""


def ignore(*_: object) -> None:
    """The listener of nobody."""


class SpawnEvent(NamedTuple):
    """A call that hands callables to another thread, as met while running.

    ``callables`` are what may run there and ``arguments`` what they are given; ``stack`` are the calls on the way, as
    (frame, position of the call made in it), outermost first, the last one being the spawn itself. ``job`` is the
    future, or the thread object of a project class, that the call gives. ``blocks`` are the atomic blocks around the
    call; a thread object (``thread``) may still be started elsewhere.
    """

    row: Row
    callables: Vals
    arguments: Arguments
    stack: tuple[tuple[Frame, r.At], ...]
    target: r.At | None
    job: Value | None = None
    blocks: tuple[Block, ...] = ()
    thread: Value | None = None


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


class Remembered(NamedTuple):
    """A finished call: the cells that it read, what it left behind, and its meaning.

    ``blocks`` are the transactions around it. ``cut_at`` is how deep calls were let go, if something in it was cut
    short: where they may go deeper, as in a thread's entry, more of it will be known.
    """

    reads: dict[tuple[object, object], Vals | None]
    writes: Delta
    result: Vals
    yields: Vals
    summary: Summary
    blocks: tuple[Block, ...]
    cut_at: int | None = None


class Interpreter:
    """Runs bodies. One interpreter serves a whole process; ``begin`` starts the work for one site afresh.

    ``derived`` has, by project root, the classes that its survey found below others, ``registering`` the files that may
    register something with a signal or a library; ``registries`` are those of which all that is registered is read.
    """

    def __init__(
        self,
        modules: Modules,
        resolver: Resolver,
        models: Models,
        beyond: Beyond,
        derived: Mapping[str, Derived] = MappingProxyType({}),
        registering: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.modules = modules
        self.derived = derived
        self.registering = registering
        self.registries: set[tuple[str, Value]] = set()
        self.resolver = resolver
        self.models = models
        self.store = Store()
        self.names = Namespaces(self)
        self.classes = Classes(self)
        self.annotations = Annotations(self)
        self.model_classes = ModelClasses(self)
        self.mutations = Mutations(self)
        self.out: list[Node] = []
        self.active: list[Activation] = []
        self.steps = 0
        self.frames: dict[tuple[object, ...], Frame] = {}
        self.memo: dict[Frame, list[Remembered]] = {}
        self.on_spawn: Callable[[SpawnEvent], None] = ignore
        self.on_done: Callable[[Value, Vals, Frame, r.At], None] = ignore
        self.on_start: Callable[[Value], None] = ignore
        self.minds_blocks = False
        self.on_block: Callable[[Block, Node], None] = ignore
        self.on_library: Callable[[str, Value | None, Arguments, r.At, Frame], None] = ignore
        self.evaluated: set[tuple[str, r.At]] = set()
        self.in_thread = 0
        self.outermost: Frame | None = None
        self.off_loop = 0
        # The boolean operation evaluated last whose operands leave no choice, and its truth.
        self.sure: tuple[r.BoolOp, bool] | None = None
        self.cuts = 0
        self.most_depth = MOST_DEPTH
        self.most_steps = MOST_STEPS
        self.pushed: list[tuple[Ext, list[Node], int, Value, bool]] = []
        self.blocks: tuple[Block, ...] = ()
        self.starts: list[Start] = []
        self.made: set[object] = set()
        self.round: tuple[object, ...] = ()
        self.unrolled = 1
        self.beyond = beyond
        self.making: list[ClassValue] = []

    def begin(self) -> None:
        """Forget the cells of the last site and start counting its steps."""
        self.store = _fresh(self.store)
        self.memo = {}
        self.out = []
        self.active = []
        self.pushed = []
        self.blocks = ()
        self.starts = []
        self.made = set()
        self.round = ()
        self.steps = 0

    def step(self) -> None:
        """Count one evaluation; raise Exhausted at the limit."""
        self.steps += 1
        if self.steps > 2 * self.most_steps:
            raise Exhausted("limit: steps")

    # What expressions emit.

    def emit(self, node: Node) -> None:
        """Write a node to the tree of the running body."""
        self.out.append(node)

    def may_raise(self, at: r.At) -> None:
        """Write that anything may be raised here."""
        if not (self.out and isinstance(self.out[-1], flow.MayRaise)):
            self.out.append(flow.MayRaise(at))

    def note_unknown(self, reason: str) -> None:
        """Remember a reason for not knowing, with the running body."""
        if self.active:
            self.active[-1].summary.unknown.add(reason)

    @contextmanager
    def writing(self) -> Iterator[list[Node]]:
        """Collect what is emitted inside into a list of its own."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    @contextmanager
    def within(self, depth: int, steps: int) -> Iterator[None]:
        """Allow so many active calls and so many steps inside; what was counted before goes on afterwards."""
        before = self.most_depth, self.most_steps, self.steps
        self.most_depth, self.most_steps, self.steps = depth, steps, 0
        try:
            yield
        finally:
            self.most_depth, self.most_steps, self.steps = before

    @contextmanager
    def detached(self, stays: Callable[[object], bool] | None = None) -> Iterator[None]:
        """Evaluate something that belongs to no running body: its flow is dropped, its cells stay for good.

        ``stays`` tells by their owners which of them do.
        """
        store, outer, active, outermost, rounds = self.store, self.out, self.active, self.outermost, self.round
        self.store = _fresh(store)
        self.out, self.active, self.outermost, self.round = [], [], None, ()
        try:
            with transactions.outside(self):
                yield
        finally:
            held = self.store.held().items()
            store.base.update(held if stays is None else ((cell, vals) for cell, vals in held if stays(cell[0])))
            self.store, self.out, self.active, self.outermost, self.round = store, outer, active, outermost, rounds

    def module_frame(self, module: r.ModuleFacts) -> Frame:
        """The frame of a module's top level."""
        return self.intern((module,), lambda: Frame(module))

    def class_frame(self, klass: ClassValue) -> Frame:
        """The frame in which a class body is evaluated."""
        return self.intern(("class", klass), lambda: Frame(klass.module, None, klass.frame, klass))

    def intern(self, key: tuple[object, ...], make: Callable[[], Frame]) -> Frame:
        """The one frame for this key."""
        frame = self.frames.get(key)
        if frame is None:
            frame = self.frames[key] = make()
        return frame

    def site(self, frame: Frame, at: r.At) -> tuple[object, ...]:
        """What tells apart the objects made at a place: where it is, in which context, in which round of a loop."""
        return (frame.module.path, at, frame, *self.round)

    def evaluate(self, frame: Frame, expr: r.Expr) -> Vals:
        """The values of an expression; its flow goes to the running body."""
        return expressions.evaluate(self, frame, expr)

    def call(self, function: Vals, arguments: Arguments, at: r.At, frame: Frame) -> Vals:
        """The result of calling any of ``function``."""
        return calls.call(self, function, arguments, at, frame)

    # Running a function.

    def context(self, func: Func, bound: dict[str, Vals]) -> Frame:
        """The frame in which a function runs with these arguments, in this round of the loops around."""
        arguments = tuple(sorted(bound.items(), key=lambda item: item[0]))
        key = (func.function, func.frame, func.klass, arguments, self.round)
        return self.intern(key, lambda: Frame(func.module, func.function, func.frame, func.klass))

    def run_function(self, func: Func, bound: dict[str, Vals], at: r.At) -> tuple[Vals, Vals, Summary | None]:
        """Run a function's body with its parameters bound: (result, yielded values, summary); emits no call."""
        frame = self.context(func, bound)
        running = [a for a in self.active if a.frame is frame]
        if running:
            running[-1].recursive = True
            return running[-1].result, running[-1].yields, running[-1].summary
        if len(self.active) >= self.most_depth or self._recurs(func, bound):
            self.cuts += 1
            self.note_unknown("limit: depth")
            return unknown("limit: depth"), unknown("limit: depth"), None
        share = next((share for depth, share in _STEPS_BY_DEPTH if len(self.active) >= depth), 1.0)
        if self.steps > share * self.most_steps:
            self.cuts += 1
            self.note_unknown("limit: steps")
            return unknown("limit: steps"), unknown("limit: steps"), None
        for known in self.memo.get(frame, ()):
            if known.cut_at is not None and known.cut_at < self.most_depth:
                continue
            if self._same_blocks(known.blocks) and all(
                self.store.peek(cell) == vals for cell, vals in known.reads.items()
            ):
                self.cuts += known.cut_at is not None
                self.store.replay(known.reads)
                for cell, vals in known.writes.items():
                    self.store.set(cell, vals)
                return known.result, known.yields, known.summary
        return self._run_body(frame, func, bound, at)

    def _recurs(self, func: Func, bound: dict[str, Vals]) -> bool:
        """Whether a function has been entered too often without having been left.

        One that was given other code each time, as the inner function of a decorator is, is not called by itself.
        """
        same = [a.frame for a in self.active if a.frame.function is func.function]
        if len(same) < MOST_ACTIVE:
            return False
        code = {name: _code(vals) for name, vals in bound.items()}
        alike = [
            frame
            for frame in same
            if frame.parent is func.frame
            and all(given == _code(self.store.peek((frame, name)) or NOTHING) for name, given in code.items())
        ]
        return len(same) >= MOST_NESTED or len(alike) >= MOST_ACTIVE

    def _same_blocks(self, blocks: tuple[Block, ...]) -> bool:
        """Whether a call met inside these transactions goes as one here; nobody may want to know."""
        return blocks == self.blocks or not self.minds_blocks

    def _run_body(self, frame: Frame, func: Func, bound: dict[str, Vals], at: r.At) -> tuple[Vals, Vals, Summary]:
        summary = Summary(func.function, func.module.path)
        reads: dict[tuple[object, object], Vals | None] = {}
        writes: Delta = {}
        result = yields = NOTHING
        incomplete = False
        cuts = self.cuts
        for _ in range(3):
            self.store.record()
            self.store.enter()
            activation = Activation(frame, summary, self.store.depth, result, yields, call_at=at)
            self.store.enter()
            self.active.append(activation)
            try:
                for name, vals in bound.items():
                    self.store.set((frame, name), vals)
                with self.writing() as items:
                    live = self.block(frame, func.function.body)
                if live:
                    activation.exits.append(self.store.since(activation.depth))
                    if not func.function.is_generator:
                        activation.result = join((activation.result, frozenset({Const(None, "NoneType")})))
            finally:
                self.active.pop()
                self.store.leave()
                if activation.exits:
                    self.store.merge(activation.exits)
                writes = self.store.leave()
                reads = self.store.recorded()
                for cell, vals in activation.raised.items():
                    writes.setdefault(cell, vals)
            summary.tree = sequence(items)
            summary.told = tuple(activation.told) if activation.told is not None and live else None
            changed = (activation.result, activation.yields) != (result, yields)
            result, yields = activation.result, activation.yields
            incomplete = activation.recursive
            if not (activation.recursive and changed):
                break
        for cell, vals in writes.items():
            self.store.set(cell, vals)
        summary.complete = True
        in_cycle = any(a.recursive for a in self.active)
        if not in_cycle or not incomplete:
            kept = self.memo.setdefault(frame, [])
            kept[:] = [known for known in kept if known.cut_at is None or known.cut_at >= self.most_depth]
            if len(kept) < MOST_SUMMARIES:
                outside = {cell: vals for cell, vals in reads.items() if cell[0] is not frame}
                cut_at = self.most_depth if self.cuts > cuts else None
                kept.append(Remembered(outside, writes, result, yields, summary, self.blocks, cut_at))
        return result, yields, summary

    # Statements.

    def block(self, frame: Frame, block: Sequence[r.Stmt]) -> bool:
        """Run statements in order; False if the end is not reached."""
        for stmt in block:
            self.step()
            if not _STATEMENTS[type(stmt)](self, frame, stmt):
                return False
        return True

    def arm(self, run: Callable[[], bool]) -> tuple[Node, Delta | None]:
        """Run one alternative: its nodes and, if it is left at its end, its changes (rolled back for now)."""
        self.store.enter()
        with self.writing() as items:
            live = run()
        delta = self.store.leave()
        return sequence(items), delta if live else None

    def alternatives(self, at: r.At, runs: Sequence[Callable[[], bool]]) -> bool:
        """Run alternatives of which exactly one happens; False if none reaches its end."""
        done = [self.arm(run) for run in runs]
        nodes = tuple(node for node, _ in done)
        if any(node != flow.NOTHING for node in nodes):
            self.emit(flow.Branch(at, nodes))
        live = [delta for _, delta in done if delta is not None]
        if live:
            self.store.merge(live)
        return bool(live)

    def _evaluate(self, frame: Frame, stmt: r.Evaluate) -> bool:
        self.evaluate(frame, stmt.value)
        return not expressions.never_returns(self, frame, stmt.value)

    def _assign(self, frame: Frame, stmt: r.Assign) -> bool:
        vals = self.evaluate(frame, stmt.value)
        for target in stmt.targets:
            targets.assign(self, frame, target, vals, stmt.value)
        return True

    def _annotate(self, frame: Frame, stmt: r.Annotate) -> bool:
        if stmt.value is not None:
            vals = self.evaluate(frame, stmt.value)
            vals = self.annotations.typed(frame, vals, stmt.annotation)
            targets.assign(self, frame, stmt.target, vals, stmt.value)
        elif isinstance(stmt.target, r.Name) and frame.function is not None:
            self.store.set((frame, stmt.target.id), self.annotations.annotated(frame, stmt.annotation))
        return True

    def _augment(self, frame: Frame, stmt: r.Augment) -> bool:
        vals = expressions.operate(self, frame, stmt.op, (stmt.target, stmt.value), stmt.at, in_place=True)
        targets.assign(self, frame, stmt.target, vals, stmt.value)
        return True

    def _delete(self, frame: Frame, stmt: r.Delete) -> bool:
        for target in stmt.targets:
            if isinstance(target, r.Name):
                self.store.set((frame, target.id), unknown("deleted name"))
            elif isinstance(target, (r.Attr, r.Index)):
                targets.delete(self, frame, target)
        return True

    def _return(self, frame: Frame, stmt: r.Return) -> bool:
        vals = self.evaluate(frame, stmt.value) if stmt.value is not None else frozenset({Const(None, "NoneType")})
        if self.active:
            running = self.active[-1]
            running.result = join((running.result, vals))
            running.exits.append(self.store.since(running.depth))
        self.emit(flow.Jump(stmt.at, "return"))
        return False

    def _raise(self, frame: Frame, stmt: r.Raise) -> bool:
        kinds = [flow.ANY]
        if stmt.exception is not None:
            vals = self.evaluate(frame, stmt.exception)
            exceptions.remember(self, vals)
            if self.active:
                exceptions.take_along(self, self.active[-1], vals)
            if stmt.cause is not None:
                self.evaluate(frame, stmt.cause)
            kinds = exceptions.kinds(self, vals)
        nodes = tuple(flow.Raise(stmt.at, kind) for kind in kinds)
        self.emit(nodes[0] if len(nodes) == 1 else flow.Branch(stmt.at, nodes))
        return False

    def _assert(self, frame: Frame, stmt: r.Assert) -> bool:
        vals = self.evaluate(frame, stmt.test)
        holds = expressions.tested(self, frame, stmt.test, vals, stmt.at)
        failing = flow.Raise(stmt.at, ("AssertionError", "Exception", "BaseException"))
        if holds is False:
            self.emit(failing)
            return False
        self.emit(flow.Branch(stmt.at, (flow.NOTHING, failing)))
        return True

    def _if(self, frame: Frame, stmt: r.If) -> bool:
        if isinstance(stmt.test, r.BoolOp) and self._acts(frame, stmt.test):
            return self._if_first(frame, stmt, stmt.test)
        vals = self.evaluate(frame, stmt.test)
        if expressions.from_settings(vals):
            vals = unknown(context_managers.CONFIGURED)
        decided = expressions.tested(self, frame, stmt.test, vals, stmt.at)
        if decided is not None:
            return self.block(frame, stmt.body if decided else stmt.orelse)
        shut_when = context_managers.shut_test(self, frame, stmt.test)

        def then(taken: bool, block: r.Block) -> Callable[[], bool]:
            def run() -> bool:
                if shut_when is taken:
                    self.emit(flow.AssumeShut(stmt.at))
                expressions.narrow(self, frame, stmt.test, taken)
                return self.block(frame, block)

            return run

        arms = (then(True, stmt.body), then(False, stmt.orelse))
        if context_managers.configured(vals) or self._is_flag(frame, stmt.test):
            with self.writing() as items:
                live = self.alternatives(stmt.at, arms)
            for item in items:
                self.emit(context_managers.settle(item))
            return live
        return self.alternatives(stmt.at, arms)

    def _acts(self, frame: Frame, test: r.BoolOp) -> bool:
        """Whether operands behind the first do something to a connection: which arm runs then goes with the state."""
        if not any(isinstance(part, r.Call) for operand in test.operands[1:] for part in expressions_in(operand)):
            return False
        self.store.enter()
        try:
            with self.writing() as items:
                self.evaluate(frame, test)
        finally:
            self.store.leave()
        return any(isinstance(item, flow.Branch) and flow.acts(item) for item in items)

    def _if_first(self, frame: Frame, stmt: r.If, test: r.BoolOp) -> bool:
        """Decide by the first operand alone where it decides, and by the others where it does not."""
        first, others = test.operands[0], test.operands[1:]
        rest = others[0] if len(others) == 1 else r.BoolOp(test.at, test.op, others)
        inner = (r.If(stmt.at, rest, stmt.body, stmt.orelse),)
        whole = r.If(stmt.at, first, stmt.body, inner) if test.op == "or" else r.If(stmt.at, first, inner, stmt.orelse)
        return self._if(frame, whole)

    def _is_flag(self, frame: Frame, test: r.Expr) -> bool:
        """A local name that only ever holds constants, several of them: which one it holds here goes with the path."""
        if isinstance(test, r.Not):
            return self._is_flag(frame, test.operand)
        if not (isinstance(test, r.Name) and frame.function is not None and test.id in frame.function.local_names):
            return False
        given = self.names.table(frame.function).names.get(test.id, [])
        return len(given) > 1 and all(isinstance(binding.expr, r.Const) for binding in given)

    def _while(self, frame: Frame, stmt: r.While) -> bool:
        never = False

        def head() -> None:
            nonlocal never
            vals = self.evaluate(frame, stmt.test)
            expressions.use_as_bool(self, frame, vals, stmt.at)
            never = self.sure is not None and self.sure[0] is stmt.test and not self.sure[1]

        def body() -> bool:
            return not never and self.block(frame, stmt.body)

        endless = isinstance(stmt.test, r.Const) and bool(stmt.test.value)
        return self.loop(frame, stmt.at, head, body, stmt.orelse, endless, endless)

    def _for(self, frame: Frame, stmt: r.For) -> bool:
        iterable = self.evaluate(frame, stmt.iterable)
        if len(iterable) == 1:
            (value,) = iterable
            if isinstance(value, Pending) and value.kind == "generator":
                return self._for_generator(frame, stmt, value)
        turns = None if stmt.is_async else iteration.turns(self, iterable, stmt.at, frame)
        if turns is not None:

            def use(part: Vals) -> bool:
                targets.assign(self, frame, stmt.target, part, None)
                return self.block(frame, stmt.body)

            return self.rounds(frame, stmt.at, [partial(turn, use) for turn in turns.items], stmt.orelse)
        if len(iterable) == 1:
            (value,) = iterable
            if isinstance(value, Lazy) and isinstance(value.node, r.Comprehension) and len(value.node.clauses) == 1:
                return self._for_lazy(frame, stmt, value, value.node)
        first: list[Vals] = []

        def head() -> None:
            with surroundings.loop(self, False) if stmt.is_async else nullcontext():
                first[:] = [iteration.elements(self, iterable, stmt.at, frame)]

        def body() -> bool:
            targets.assign(self, frame, stmt.target, first[0], None)
            return self.block(frame, stmt.body)

        sure = iteration.at_least_once(self, iterable)
        return self.loop(frame, stmt.at, head, body, stmt.orelse, sure, False)

    def _for_lazy(self, frame: Frame, stmt: r.For, lazy: Lazy, node: r.Comprehension) -> bool:
        """A loop over a generator expression: each element is made when its round begins."""
        clause = node.clauses[0]
        first: list[Vals] = []

        def head() -> None:
            first[:] = [iteration.elements(self, lazy.first, node.at, lazy.frame)]

        def chosen() -> bool:
            made = [self.evaluate(lazy.frame, element) for element in node.elements]
            targets.assign(self, frame, stmt.target, made[-1], None)
            return self.block(frame, stmt.body)

        def body() -> bool:
            targets.assign(self, lazy.frame, clause.target, first[0], None)
            for test in clause.tests:
                expressions.use_as_bool(self, lazy.frame, self.evaluate(lazy.frame, test), node.at)
            return self.alternatives(stmt.at, (chosen, lambda: True)) if clause.tests else chosen()

        sure = not clause.tests and iteration.at_least_once(self, lazy.first)
        return self.loop(frame, stmt.at, head, body, stmt.orelse, sure, False)

    def _for_generator(self, frame: Frame, stmt: r.For, generator: Pending) -> bool:
        _, yields, summary = calls.run_pending_quietly(self, generator, stmt.at)

        def body() -> bool:
            targets.assign(self, frame, stmt.target, yields or unknown("yielded value"), None)
            return self.block(frame, stmt.body)

        with self.writing() as items:
            self.loop(frame, stmt.at, lambda: None, body, (), False, False)
        body_node = next((node.body for node in items if isinstance(node, flow.Loop)), flow.NOTHING)
        with self.writing() as else_items:
            live = self.block(frame, stmt.orelse)
        if summary is None:
            self.may_raise(stmt.at)
            self.emit(flow.Loop(stmt.at, flow.NOTHING, body_node, sequence(else_items), False, False))
        else:
            if self.active:
                self.active[-1].summary.unknown |= summary.unknown
            self.emit(flow.ForGenerator(stmt.at, summary, body_node, sequence(else_items)))
        return live or _breaks(body_node)

    def loop(
        self,
        frame: Frame,
        at: r.At,
        head: Callable[[], None],
        body: Callable[[], bool],
        orelse: r.Block,
        sure: bool,
        endless: bool,
    ) -> bool:
        """Run a loop's parts until its values are stable (two rounds at most) and write its node."""
        around = Around(self.store.depth, self.store.depth)
        head_node: Node = flow.NOTHING
        body_node: Node = flow.NOTHING
        ends: list[Delta] = []
        for _ in (1, 2):
            self.store.enter()
            around.breaks, around.continues = [], []
            with self._inside(around):
                with self.writing() as head_items:
                    head()
                with self.writing() as body_items:
                    live = body()
            delta = self.store.leave()
            head_node, body_node = sequence(head_items), sequence(body_items)
            ends = [*around.continues, delta] if live else list(around.continues)
            if not self.store.merge([*ends, {}]):
                break
        if sure and ends:
            # The state before the loop is one from which a round may begin, but not one in which the loop ends.
            self.store.merge(ends)
        reaches_end = not endless and (bool(ends) or not sure)
        else_node, live = self._loop_else(frame, orelse, around.breaks, reaches_end)
        if head_node != flow.NOTHING or body_node != flow.NOTHING or else_node != flow.NOTHING or endless:
            self.emit(flow.Loop(at, head_node, body_node, else_node, sure, endless))
        return live or _breaks(body_node)

    def rounds(self, frame: Frame, at: r.At, bodies: Sequence[Callable[[], bool]], orelse: r.Block) -> bool:
        """Run a loop whose rounds are known, each once and in order."""
        if not bodies:
            return self.block(frame, orelse)
        outer, unrolled = self.round, self.unrolled
        self.unrolled *= len(bodies)
        around = Around(self.store.depth, self.store.depth)
        nodes: list[Node] = []
        self.store.enter()
        ends: list[Delta] = [{}]
        for index, body in enumerate(bodies):
            self.round = (*outer, at, index) if len(bodies) > 1 else outer
            around.round_depth, around.continues = self.store.depth, []
            self.store.enter()
            with self._inside(around), self.writing() as items:
                live = body()
            delta = self.store.leave()
            nodes.append(sequence(items))
            ends = [*around.continues, delta] if live else list(around.continues)
            if not ends:
                break
            self.store.merge(ends)
        self.round, self.unrolled = outer, unrolled
        done = self.store.leave()
        if ends:
            self.store.merge([done])
        else_node, live = self._loop_else(frame, orelse, around.breaks, bool(ends))
        if any(map(_jumps, nodes)):
            self.emit(flow.Rounds(at, tuple(nodes), else_node))
        else:
            self.emit(sequence([*nodes, else_node]))
        return live or any(map(_breaks, nodes))

    @contextmanager
    def _inside(self, around: Around) -> Iterator[None]:
        """Let jumps leave, or go on with, this loop."""
        if not self.active:
            yield
            return
        loops = self.active[-1].loops
        loops.append(around)
        try:
            yield
        finally:
            loops.pop()

    def _loop_else(self, frame: Frame, orelse: r.Block, breaks: list[Delta], is_reached: bool) -> tuple[Node, bool]:
        """What runs where a loop ends by itself, and whether the end of that is reached; then what breaks left."""
        ends: list[Delta] = [{}] if is_reached else []
        items: list[Node] = []
        if orelse and is_reached:
            self.store.enter()
            with self.writing() as items:
                live = self.block(frame, orelse)
            delta = self.store.leave()
            ends = [delta] if live else []
        after = [*ends, *breaks]
        if after and after != [{}]:
            self.store.merge(after)
        return sequence(items), bool(ends)

    def _jump(self, _frame: Frame, stmt: r.Break | r.Continue) -> bool:
        is_break = isinstance(stmt, r.Break)
        if self.active and self.active[-1].loops:
            around = self.active[-1].loops[-1]
            if is_break:
                around.breaks.append(self.store.since(around.depth))
            else:
                around.continues.append(self.store.since(around.round_depth))
        self.emit(flow.Jump(stmt.at, "break" if is_break else "continue"))
        return False

    def _try(self, frame: Frame, stmt: r.Try) -> bool:
        before = self.active[-1].result if self.active else NOTHING
        body_live = False

        def body() -> bool:
            nonlocal body_live
            body_live = self.block(frame, stmt.body)
            return True

        body_node, body_delta = self.arm(body)
        assert body_delta is not None
        ends: list[Delta] = []
        else_node: Node = flow.NOTHING
        if body_live:
            self.store.enter()
            self.store.merge([body_delta])
            with self.writing() as items:
                else_live = self.block(frame, stmt.orelse)
            else_node = sequence(items)
            delta = self.store.leave()
            if else_live:
                ends.append(delta)
        catches = []
        for handler in stmt.handlers:
            self.store.enter()
            self.store.merge([body_delta, {}])
            classes = exceptions.classes(self, frame, handler.kind)
            names = exceptions.caught(classes)
            with self.writing() as items:
                if handler.name is not None:
                    self.store.set((frame, handler.name), exceptions.instances(self, classes, names))
                handler_live = self.block(frame, handler.body)
            delta = self.store.leave()
            catches.append(flow.Catch(handler.at, names, sequence(items), exceptions.lines(self, classes)))
            if handler_live:
                ends.append(delta)
        with self.writing() as items:
            self.store.merge(ends or [body_delta, {}])
            final_live = self._final(frame, stmt.final, before) if stmt.final else True
        node = flow.Try(stmt.at, body_node, tuple(catches), else_node, sequence(items), stmt.is_star)
        if node[1:5] != (flow.NOTHING, (), flow.NOTHING, flow.NOTHING):
            self.emit(node)
        return bool(ends) and final_live

    def _final(self, frame: Frame, block: r.Block, before: Vals) -> bool:
        """Run a ``finally``; one that never reaches its end drops what the rest of the statement returned."""
        running = self.active[-1] if self.active else None
        returned = running.result if running is not None else NOTHING
        if running is not None:
            running.result = before
        live = self.block(frame, block)
        if running is not None and live:
            running.result = join((running.result, returned))
        return live

    def _with(self, frame: Frame, stmt: r.With) -> bool:
        return context_managers.run_with(self, frame, stmt, 0)

    def _match(self, frame: Frame, stmt: r.Match) -> bool:
        subject = self.evaluate(frame, stmt.subject)

        def from_case(index: int) -> bool:
            """Run the arm that fits, of those that may; a guard runs before the next arm is looked at."""
            arms: list[Callable[[], bool]] = []
            for position, case in enumerate(stmt.cases[index:], index):
                bound: dict[str, Vals] = {}
                fits = patterns.match(self, frame, case.pattern, subject, stmt.at, bound)
                if fits is False:
                    continue
                if case.guard is not None:
                    arms.append(partial(guarded, position, case.guard, bound, fits))
                    break
                arms.append(partial(body, case, bound))
                if fits or case.irrefutable:
                    break
            else:
                arms.append(lambda: True)
            return arms[0]() if len(arms) == 1 else self.alternatives(stmt.at, arms)

        def body(case: r.Case, bound: dict[str, Vals]) -> bool:
            for name in case.names:
                self.bind(frame, name, bound.get(name) or unknown("part of a match subject"))
            return self.block(frame, case.body)

        def guarded(index: int, guard: r.Expr, bound: dict[str, Vals], fits: bool | None) -> bool:
            case = stmt.cases[index]

            def decide() -> bool:
                for name in case.names:
                    self.bind(frame, name, bound.get(name) or unknown("part of a match subject"))
                vals = self.evaluate(frame, guard)
                outcomes.append(expressions.tested(self, frame, guard, vals, stmt.at))
                return True

            outcomes: list[bool | None] = []
            self.alternatives(stmt.at, [decide] if fits else [decide, lambda: True])
            if outcomes == [False]:
                return from_case(index + 1)
            if fits and outcomes == [True]:
                return body(case, bound)
            return self.alternatives(stmt.at, [partial(body, case, bound), partial(from_case, index + 1)])

        return from_case(0)

    def _import(self, frame: Frame, stmt: r.Import | r.ImportFrom) -> bool:
        for name, vals in self.names.imported(frame.module, stmt):
            self.bind(frame, name, vals)
        return True

    def _define(self, frame: Frame, stmt: r.Define) -> bool:
        self.bind(frame, stmt.function.name, self.names.function_value(frame, stmt.function))
        return True

    def _define_class(self, frame: Frame, stmt: r.DefineClass) -> bool:
        vals = self.names.class_value(frame, stmt.klass)
        self.bind(frame, stmt.klass.name, vals)
        live = True
        for value in vals:
            nested = frame.function is not None or frame.klass is not None
            if isinstance(value, ClassValue) and value.fact is stmt.klass and nested:
                live = self.block(self.class_frame(value), stmt.klass.body)
            if isinstance(value, ClassValue) and (stmt.klass.bases or stmt.klass.keywords or nested):
                construction.class_made(self, value, stmt.at, frame)
        return live

    def bind(self, frame: Frame, name: str, vals: Vals) -> None:
        """Give a name its value in the scope that owns it: this one, an enclosing one (nonlocal) or the module."""
        owner = frame if frame.function is not None and name in frame.function.local_names else frame.code
        frame = frame.code
        if frame.function is not None and owner is frame:
            if name in frame.function.global_names:
                self.names.hold(frame.module, name)
                owner = self.module_frame(frame.module)
            elif name in frame.function.nonlocal_names:
                outer = frame.parent
                while outer is not None and outer.function is not None and name not in outer.function.local_names:
                    outer = outer.parent
                owner = outer or frame
        self.store.set((owner, name), vals)


def _fresh(store: Store) -> Store:
    fresh = Store()
    fresh.base = store.base
    return fresh


def _jumps(node: Node) -> bool:
    """Whether a loop body holds a break or continue of that loop."""
    return _holds_jump(node, ("break", "continue"))


def _breaks(node: Node) -> bool:
    """Whether a loop body holds a break of that loop."""
    return _holds_jump(node, ("break",))


def _holds_jump(node: Node, kinds: tuple[str, ...]) -> bool:
    match node:
        case flow.Jump():
            return node.kind in kinds
        case flow.Seq():
            inner: tuple[Node, ...] = node.items
        case flow.Branch():
            inner = node.arms
        case flow.Try():
            inner = (node.body, node.orelse, node.final, *(c.body for c in node.handlers))
        case flow.With() | flow.WithGenerator():
            inner = (node.body,)
        case flow.Loop() | flow.Rounds() | flow.ForGenerator():
            inner = (node.orelse,)
        case _:
            return False
    return any(_holds_jump(part, kinds) for part in inner)


def _code(vals: Vals) -> Vals:
    """The functions among the values, and the objects that may hold some."""
    return frozenset(v for v in vals if isinstance(v, (Func, Bound, Partial, Wrapped, Instance)))


_STATEMENTS: dict[type, Callable[[Interpreter, Frame, Any], bool]] = {
    r.Evaluate: Interpreter._evaluate,
    r.Assign: Interpreter._assign,
    r.Annotate: Interpreter._annotate,
    r.Augment: Interpreter._augment,
    r.Delete: Interpreter._delete,
    r.Return: Interpreter._return,
    r.Raise: Interpreter._raise,
    r.Assert: Interpreter._assert,
    r.If: Interpreter._if,
    r.While: Interpreter._while,
    r.For: Interpreter._for,
    r.Break: Interpreter._jump,
    r.Continue: Interpreter._jump,
    r.Try: Interpreter._try,
    r.With: Interpreter._with,
    r.Match: Interpreter._match,
    r.Import: Interpreter._import,
    r.ImportFrom: Interpreter._import,
    r.Define: Interpreter._define,
    r.DefineClass: Interpreter._define_class,
}

__all__ = ["Exhausted", "Ext", "Interpreter", "SpawnEvent", "Value"]
