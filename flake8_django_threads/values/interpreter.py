"""The abstract interpreter: runs a function's body on abstract values and writes its flow tree.

It keeps what is under way and enters bodies; statements, expressions, calls, attributes, names, externals and context
managers each have a file of their own, as functions that take the running interpreter first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

from flake8_django_threads.facts import records as r
from flake8_django_threads.models.load import Models, Row
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.store import Store as Modules
from flake8_django_threads.project.survey import Derived
from flake8_django_threads.values import (
    calls,
    flow,
    loops,
    tables,
    transactions,
)
from flake8_django_threads.values.activations import Activation
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
    Partial,
    Vals,
    Value,
    Wrapped,
    join,
    unknown,
)
from flake8_django_threads.values.flow import Node, Summary, sequence
from flake8_django_threads.values.garbage import without_garbage, without_locals
from flake8_django_threads.values.makers import Makers
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
    call; a thread object (``thread``) may still be started elsewhere. ``kept`` is the file and the place of the target
    that the class itself gave to ``Thread.__init__``.
    """

    row: Row
    callables: Vals
    arguments: Arguments
    stack: tuple[tuple[Frame, r.At], ...]
    target: r.At | None
    job: Value | None = None
    blocks: tuple[Block, ...] = ()
    thread: Value | None = None
    kept: tuple[str, r.At] | None = None


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
    ``answers`` are what analyses keep about whole projects, by question and root; they may outlive the interpreter.
    """

    def __init__(
        self,
        modules: Modules,
        resolver: Resolver,
        models: Models,
        beyond: Beyond,
        derived: Mapping[str, Derived] = MappingProxyType({}),
        registering: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
        caches_in_a_table: Callable[[str, str], bool] = lambda *_: False,
        answers: MutableMapping[tuple[str, str], Any] | None = None,
    ) -> None:
        self.modules = modules
        self.derived = derived
        self.registering = registering
        self.caches_in_a_table = caches_in_a_table
        self.answers = answers if answers is not None else {}
        self.registries: set[tuple[str, Value]] = set()
        self.resolver = resolver
        self.models = models
        self.store = Store()
        self.names = Namespaces(self)
        self.classes = Classes(self)
        self.annotations = Annotations(self)
        self.model_classes = ModelClasses(self)
        self.mutations = Mutations(self)
        self.makers = Makers(self)
        self.out: list[Node] = []
        self.active: list[Activation] = []
        self.steps = 0
        # The steps of all work that had a limit of its own.
        self.spent = 0
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
        # The call whose callee, itself a call, is being evaluated: ``make(f)(...)``.
        self.applied: r.Call | None = None
        self.cuts = 0
        self.most_depth = MOST_DEPTH
        self.most_steps = MOST_STEPS
        self.pushed: list[tuple[Ext, list[Node], int, Value, bool]] = []
        self.blocks: tuple[Block, ...] = ()
        self.starts: list[Start] = []
        self.kept_targets: dict[Value, tuple[str, r.At]] = {}
        self.made: set[object] = set()
        self.round: tuple[object, ...] = ()
        self.unrolled = 1
        self.beyond = beyond
        self.making: list[ClassValue] = []
        self.handlers = tables.HANDLERS
        self.meanings = tables.MEANINGS

    def begin(self) -> None:
        """Forget the cells of the last site and start counting its steps."""
        self.store = _fresh(self.store)
        self.memo = {}
        self.out = []
        self.active = []
        self.pushed = []
        self.blocks = ()
        self.starts = []
        self.kept_targets = {}
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
            self.spent += self.steps
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
        self.step()
        return tables.EXPRESSIONS[type(expr)](self, frame, expr)

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
        told = activation.told or ()
        running = [a.frame for a in self.active]
        if running and frame not in running:
            writes = without_locals(writes, frame)
        writes = without_garbage(writes, self.store, (result, yields, *told), running)
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
            if not tables.STATEMENTS[type(stmt)](self, frame, stmt):
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
        """Run a loop's parts; False if what follows it is not reached."""
        return loops.loop(self, frame, at, head, body, orelse, sure, endless)

    def rounds(self, frame: Frame, at: r.At, bodies: Sequence[Callable[[], bool]], orelse: r.Block) -> bool:
        """Run a loop whose rounds are known; False if what follows it is not reached."""
        return loops.rounds(self, frame, at, bodies, orelse)

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


def _code(vals: Vals) -> Vals:
    """The functions among the values, and the objects that may hold some."""
    return frozenset(v for v in vals if isinstance(v, (Func, Bound, Partial, Wrapped, Instance)))


__all__ = ["Exhausted", "Ext", "Interpreter", "SpawnEvent", "Value"]
