"""Processes that begin while this one has a connection open, and that use it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from flake8_django_threads.effects.bits import NEVER, OPEN, REOPENED, exits
from flake8_django_threads.effects.entries import entry_function, entry_name
from flake8_django_threads.effects.evidence import Found, leaves
from flake8_django_threads.effects.explore import LIMITS, deep_stack, outer_function, outermost, reach, run_symbolically
from flake8_django_threads.effects.fold import FORKS, Folder, Outcome
from flake8_django_threads.effects.way import functions_on
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin, holds, whole
from flake8_django_threads.facts.walk import last_name, statements
from flake8_django_threads.values import attributes, flow, spawning, surroundings
from flake8_django_threads.values.domain import Arguments, Const, Frame, Instance, Vals, Value
from flake8_django_threads.values.interpreter import Interpreter, ignore

DEPTH, STEPS, MOST_ROOTS = 5, 30_000, 60
# An argument by which a pool or process says how it is made.
_CONTEXTS = frozenset({"mp_context", "context"})
_START_METHOD = "set_start_method"


class Child(NamedTuple):
    """What runs in the other process: its name in messages, and its tree, which stands in the file ``path``."""

    name: str
    tree: flow.Node
    path: str


class Forked(NamedTuple):
    """A process that begins at ``at`` with the connection to ``alias`` open, for which ``parent`` is the evidence, and
    that uses it at ``used``: a touch or a close. ``child`` is its name in messages."""

    at: r.At
    alias: str
    parent: Found
    child: str
    used: Found


def forks(run: Interpreter, module: r.ModuleFacts) -> Iterator[Forked]:
    """Those of one file, each place once, in source order."""
    if any(last_name(call.func) == _START_METHOD for call, _ in module.calls) or _spawns_everywhere(run, module):
        return
    found: dict[r.At, Forked] = {}
    with deep_stack():
        for root in _roots(run, module):
            for forked in _Watch(run, module, root).forks():
                found.setdefault(forked.at, forked)
    yield from (found[at] for at in sorted(found))


def _spawns_everywhere(run: Interpreter, module: r.ModuleFacts) -> bool:
    """Whether some file of the project chooses how processes are made: then nobody knows whether they are forked."""
    root = run.resolver.project_root(module.path)
    return any(_START_METHOD in run.modules.text(path) for path in run.resolver.files(root))


def _roots(run: Interpreter, module: r.ModuleFacts) -> Iterator[r.Function]:
    """The outermost functions with a call that may make a process, and those of the module that call them by name."""
    rows = run.models.rows("fork")
    words = {row.path.rpartition(".")[2] for row in rows} | {row.starts for row in rows if row.starts}
    scopes = [outermost(scope) for call, scope in module.calls if last_name(call.func) in words]
    roots = dict.fromkeys(scope for scope in scopes if isinstance(scope, r.Function))
    names = {root.name for root in roots}
    for call, scope in module.calls:
        outer = outermost(scope)
        if last_name(call.func) in names and isinstance(outer, r.Function):
            roots[outer] = None
    yield from list(roots)[:MOST_ROOTS]


class _Watch:
    """Runs one function and listens for processes."""

    def __init__(self, run: Interpreter, module: r.ModuleFacts, root: r.Function) -> None:
        self._run, self._module, self._root = run, module, root
        # Where processes begin, by the path of their row, and what runs in those of each path.
        self._begun: dict[flow.Fork, str] = {}
        self._children: dict[str, list[Child]] = {}
        # The paths of what was made with a context of its own.
        self._chosen: set[str] = set()

    def forks(self) -> list[Forked]:
        run = self._run
        run.begin()
        run.evaluated = set()
        run.on_library = self._hear
        trees: list[flow.Node] = []
        try:
            with suppress(*LIMITS):
                frame = run_symbolically(run, outer_function(self._module, self._root), DEPTH, STEPS)
                trees += [known.summary.tree for known in run.memo.get(frame, ())]
                for call, scope in self._module.calls:
                    if scope is not self._root and outermost(scope) is self._root:
                        self._reach(call, scope, frame, trees)
        finally:
            run.on_library = ignore
        return [
            forked
            for fork, path in self._begun.items()
            if fork.path == self._module.path
            for tree in trees
            for forked in self._judge(fork, path, tree)
        ]

    def _reach(self, call: r.Call, scope: r.Scope, frame: Frame, trees: list[flow.Node]) -> None:
        """Run an inner function that was not met, for the processes that it makes."""
        if (self._module.path, call.at) in self._run.evaluated or not isinstance(scope, r.Function):
            return
        reach(self._run, self._module, call, scope, self._root, frame, DEPTH)
        for known, remembered in list(self._run.memo.items()):
            if known.function is scope:
                trees += [each.summary.tree for each in remembered]

    def _hear(self, path: str, receiver: Value | None, arguments: Arguments, at: r.At, frame: Frame) -> None:
        run = self._run
        if run.in_thread:
            return
        owner, _, method = path.rpartition("().")
        made_by = run.models.find("fork", owner) if owner else None
        if made_by is not None and method == made_by.starts:
            if isinstance(receiver, Instance):
                self._runs(made_by.path, _run_method(run, receiver, at, frame), Arguments(), at, frame)
            self._begins(made_by.path, at, frame)
            return
        if not _CONTEXTS.isdisjoint(arguments.keywords):
            self._chosen.add(path)
        row = run.models.find("fork", path)
        if row is None or not self._chosen.isdisjoint((path, owner)):
            return
        kind = made_by.path if made_by is not None else row.path
        given = arguments.get(row.callable.position, row.callable.keyword) if row.callable is not None else None
        if given is not None:
            passed, keywords = spawning.passed_on(run, row, arguments, at, frame)
            passed.keywords.update(keywords)
            self._runs(kind, given, passed, at, frame)
        if row.starts is None and made_by is None:
            self._begins(kind, at, frame)

    def _begins(self, path: str, at: r.At, frame: Frame) -> None:
        fork = flow.Fork(at, frame.module.path)
        self._begun[fork] = path
        self._run.emit(fork)

    def _runs(self, path: str, given: Vals, arguments: Arguments, at: r.At, frame: Frame) -> None:
        """Run what another process does, as it would begin there."""
        run = self._run
        entries = frozenset(value for value in given if not isinstance(value, Const))
        if not entries:
            return
        active, run.active = run.active, []
        run.in_thread += 1
        run.store.enter()
        surroundings.leave(run)
        try:
            with run.writing() as items, suppress(*LIMITS):
                run.call(entries, arguments, at, frame)
            values = attributes.ordered(entries)
            entry = next((f for value in values if (f := entry_function(value)) is not None), None)
            child = Child(entry_name(entry, values), flow.sequence(items), frame.module.path)
            self._children.setdefault(path, []).append(child)
        finally:
            run.store.leave()
            run.in_thread -= 1
            run.active = active

    def _judge(self, fork: flow.Fork, path: str, tree: flow.Node) -> Iterator[Forked]:
        """The first use, of each process that begins there, of a connection that may be open then."""
        for name, used in self._uses(fork, path, tree):
            closes_all = isinstance(used.leaf, flow.Close) and used.leaf.alias == flow.ALL
            own = [found for found in leaves(tree, self._module.path) if isinstance(found.leaf, flow.Touch)]
            aliases = {found.leaf.alias for found in own if closes_all or found.leaf.alias == used.leaf.alias}
            for alias in sorted(aliases):
                if exits(_AtFork(alias, fork).fold(tree).jumps.get(FORKS, NEVER)) & {OPEN, REOPENED}:
                    before = [found for found in own if found.leaf.alias == alias]
                    yield Forked(fork.at, alias, _nearest(before, fork.at), name, used)
                    return

    def _uses(self, fork: flow.Fork, path: str, tree: flow.Node) -> Iterator[tuple[str, Found]]:
        """What the processes do with connections; of ``os.fork``, what stands where its result is 0."""
        for child in self._children.get(path, ()):
            for found in leaves(child.tree, child.path):
                if not self._is_forgotten(found):
                    yield child.name, found
        for arm in _arms(self._module, fork.at):
            for found in leaves(tree, self._module.path):
                if holds(arm, found.met_at):
                    yield "the child", found

    def _is_forgotten(self, found: Found) -> bool:
        """Whether a function on the way to a use takes the inherited connection away from Django, as is right there."""
        functions = functions_on(self._run.modules, found.calls, found.path)
        return any(_forgets(stmt) for function in functions for stmt in statements(function.body))


def _forgets(stmt: r.Stmt) -> bool:
    """Whether a statement is ``connection.connection = None``."""
    if not (isinstance(stmt, r.Assign) and isinstance(stmt.value, r.Const)):
        return False
    is_none = stmt.value.value is None and not stmt.value.kind
    return is_none and any(isinstance(target, r.Attr) and target.name == "connection" for target in stmt.targets)


class _AtFork(Folder):
    """Folds for the state at one place where processes begin."""

    def __init__(self, alias: str, fork: flow.Fork) -> None:
        super().__init__(alias)
        self._fork = fork

    def fold(self, node: flow.Node, yielding: Outcome | None = None) -> Outcome:
        if isinstance(node, flow.Fork) and node != self._fork:
            return Outcome(super().fold(node).end)
        return super().fold(node, yielding)


def _nearest(before: list[Found], at: r.At) -> Found:
    """The last touch that is written before a place; in a loop it may be one behind it."""
    written = [found for found in before if begin(found.met_at) <= begin(at)]
    return max(written or before, key=lambda found: begin(found.met_at))


def _run_method(run: Interpreter, process: Instance, at: r.At, frame: Frame) -> Vals:
    """The ``run`` of an object of a project's own process class, if it has one."""
    if attributes.lookup(run, process.klass, "run") is None:
        return frozenset()
    return attributes.of(run, process, "run", at, frame)


def _arms(module: r.ModuleFacts, at: r.At) -> Iterator[r.At]:
    """The places of the blocks that run in the child alone, of the ``os.fork`` at ``at``."""
    for function in module.functions:
        names = set()
        for stmt in statements(function.body):
            if isinstance(stmt, r.Assign) and isinstance(stmt.value, r.Call) and stmt.value.at == at:
                names |= {last_name(target) for target in stmt.targets}
            if isinstance(stmt, r.If):
                zero = _asks_for_zero(stmt.test, names, at)
                block = () if zero is None else stmt.body if zero else stmt.orelse
                if block:
                    yield whole(block)


def _asks_for_zero(test: r.Expr, names: set[str], at: r.At) -> bool | None:
    """Whether a test holds in the child (True) or in the parent (False); None where it asks for something else."""

    def is_pid(expr: r.Expr) -> bool:
        if isinstance(expr, r.Walrus):
            return expr.value.at == at
        return expr.at == at or (isinstance(expr, r.Name) and expr.id in names)

    if isinstance(test, r.Not):
        inner = _asks_for_zero(test.operand, names, at)
        return None if inner is None else not inner
    if is_pid(test):
        return False
    if isinstance(test, r.Compare) and len(test.ops) == 1 and is_pid(test.operands[0]):
        other = test.operands[1]
        if isinstance(other, r.Const) and other.value == 0:
            return {"==": True, "is": True, "!=": False, ">": False}.get(test.ops[0])
    return None
