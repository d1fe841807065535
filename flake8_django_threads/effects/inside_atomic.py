"""Closes that run inside a transaction of their own thread, found through the callers of what closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from flake8_django_threads.effects.bits import REOPENED, SAME, SHUT, exits
from flake8_django_threads.effects.callers import Place, callers
from flake8_django_threads.effects.closes import imported_as, touches
from flake8_django_threads.effects.closing_words import CLOSING
from flake8_django_threads.effects.connection_names import connection_names
from flake8_django_threads.effects.doubles import named, on_the_way, replaced
from flake8_django_threads.effects.evidence import first_write, leaves
from flake8_django_threads.effects.explore import LIMITS, deep_stack, outer_function, outermost, run_symbolically
from flake8_django_threads.effects.fold import Folder, Outcome
from flake8_django_threads.effects.in_request import Requests
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name, words
from flake8_django_threads.project.settings import Settings
from flake8_django_threads.values import flow
from flake8_django_threads.values.domain import Arguments, ClassValue, Ext, Frame, Func, Value
from flake8_django_threads.values.interpreter import Interpreter, ignore
from flake8_django_threads.values.transactions import ATOMIC, Block

DEPTH, STEPS, MOST_ROOTS = 8, 20_000, 150
# For all roots of a project together: a few seconds. Tests, which are many and go the same ways, come last.
MOST_STEPS = 250_000
# So many tests of a class are asked whether they use the database.
MOST_TESTS = 12
_LAST = frozenset(
    {"close", "close_all", "close_old_connections", "close_if_unusable_or_obsolete", "send", "send_robust"}
)
# Much else has methods of these names.
_ANYBODYS = frozenset({"close", "send", "send_robust"})
_CLOSED = frozenset({SHUT, REOPENED})
_ATOMIC = frozenset({"atomic", "Atomic"})
TEST_CASE = "django.test.TestCase"
_TEST_PARTS = ("test", "setUp", "tearDown")


class Inside(NamedTuple):
    """A close inside a transaction that then ends as if nothing had happened.

    ``what`` is the close's path in the rows; ``calls`` lead from the transaction to it as (function, file, position of
    the call), outermost first. ``test`` names the test and ``request`` the view whose transaction it is; an atomic
    block has neither.
    """

    path: str
    at: r.At
    what: str
    block: Block
    calls: tuple[tuple[str, str, r.At], ...]
    test: str
    request: str


def closes_inside(run: Interpreter, root: str, only: str = "") -> Mapping[str, tuple[Inside, ...]]:
    """All of them in the project at ``root``, by file; of each close the one that fewest calls lead to.

    With ``only`` the closes of this file alone, for whoever will ask of no other.
    """
    question = "closes inside atomic", only or root
    if question not in run.answers:
        run.answers[question] = _closes_inside(run, root, [only] if only else run.resolver.files(root))
    answer: Mapping[str, tuple[Inside, ...]] = run.answers[question]
    return answer


def _closes_inside(run: Interpreter, root: str, files: Iterable[str]) -> Mapping[str, tuple[Inside, ...]]:
    found: dict[tuple[str, r.At], Inside] = {}
    requests = Requests(run, Settings(run.resolver.sources, run.modules, run.resolver))
    spent = run.spent
    with deep_stack():
        for place in sorted(_roots(run, root, files, requests), key=lambda place: bool(_test_of(run, place))):
            if run.spent - spent > MOST_STEPS:
                break
            for inside in _of_root(run, place, requests):
                known = found.get((inside.path, inside.at))
                if known is None or _rank(inside) < _rank(known):
                    found[inside.path, inside.at] = inside
    by_file: dict[str, list[Inside]] = {}
    for inside in found.values():
        by_file.setdefault(inside.path, []).append(inside)
    return {path: tuple(sorted(those, key=lambda inside: inside.at)) for path, those in by_file.items()}


def _rank(inside: Inside) -> tuple[bool, bool, int]:
    return bool(inside.test), bool(inside.request), len(inside.calls)


def _of_root(run: Interpreter, place: Place, requests: Requests) -> list[Inside]:
    """The closes of one root; of a test those that no double of it stands before, if there is something to lose."""
    found = _Watch(run, place, requests).closes()
    owner = place.function.owner
    if not any(inside.test for inside in found) or not isinstance(owner, r.ClassFact):
        return found
    names = replaced(run, place.module, place.function, owner)
    doubtful = [each for each in found if each.test and _is_doubled(run, place, each, names)]
    found = [each for each in found if each not in doubtful]
    if any(inside.test for inside in found) and not _uses_the_database(run, place.module, owner):
        return [inside for inside in found if not inside.test]
    return found


def _is_doubled(run: Interpreter, place: Place, inside: Inside, names: set[str]) -> bool:
    if not names.isdisjoint(inside.what.replace("[]", "").split(".")):
        return True
    if inside.path == place.module.path and not inside.calls:
        return not names.isdisjoint(named(place.function.body))
    return on_the_way(run.modules, inside.calls, inside.path, names)


def _uses_the_database(run: Interpreter, module: r.ModuleFacts, klass: r.ClassFact) -> bool:
    """Whether a test of the class, or what prepares it, runs a query that the close takes the ground from."""
    tests = [function for name, function in klass.functions.items() if name.startswith(_TEST_PARTS)]
    return any(touches(run, module, function) for function in tests[:MOST_TESTS])


def _roots(run: Interpreter, root: str, files: Iterable[str], requests: Requests) -> Iterator[Place]:
    """The functions with a transaction in or around them from which a close in one of the files may be reached."""
    closing: list[Place] = []
    for path in files:
        if CLOSING.passes(run.modules.text(path)):
            facts = run.modules.facts(path)
            if isinstance(facts, r.ModuleFacts):
                closing += _closing(run, facts)
    if not closing:
        return
    count = 0
    for place in callers(run.resolver, run.modules, root, closing):
        if _holds_transaction(run, place) or requests.aliases(*place):
            count += 1
            yield place
            if count == MOST_ROOTS:
                return


def _closing(run: Interpreter, facts: r.ModuleFacts) -> Iterator[Place]:
    names = connection_names(run, facts)
    if not names:
        return
    last = imported_as(facts, _LAST)
    found: dict[r.Function, None] = {}
    for call, scope in facts.calls:
        if last_name(call.func) in last:
            root = outermost(scope)
            if isinstance(root, r.Function) and root not in found and _may_close(call, scope, root, names):
                found[root] = None
    yield from (Place(facts, root) for root in found)


def _may_close(call: r.Call, scope: r.Scope, root: r.Function, names: frozenset[str]) -> bool:
    """Whether what is closed may be a connection: not a file of a function that knows nothing of Django's."""
    func = call.func
    if not isinstance(func, r.Attr) or func.name not in _ANYBODYS:
        return True
    written = words(func.base)
    if any("conn" in word.lower() for word in written):
        return True
    given = {p.name for each in (root, scope) if isinstance(each, r.Function) for p in each.parameters}
    return not names.isdisjoint(words(root.body) | words(scope.body)) or not written.isdisjoint(given - {"self", "cls"})


def _holds_transaction(run: Interpreter, place: Place) -> bool:
    held = words(place.function.body) | words(place.function.decorators)
    return not held.isdisjoint(imported_as(place.module, _ATOMIC)) or bool(_test_of(run, place))


def _test_of(run: Interpreter, place: Place) -> str:
    """The name of the test, or of what is run around tests, that a function is; empty where no transaction is open."""
    owner, function = place.function.owner, place.function
    if not isinstance(owner, r.ClassFact) or not owner.bases or not function.name.startswith(_TEST_PARTS):
        return ""
    if function.name == "tearDownClass":
        return ""
    with suppress(*LIMITS):
        if run.classes.is_a(ClassValue(owner, place.module), TEST_CASE):
            return f"{owner.name}.{function.name}"
    return ""


class _Watch:
    """Runs one function and listens for closes and the ends of transactions."""

    def __init__(self, run: Interpreter, place: Place, requests: Requests) -> None:
        self._run = run
        self._place = place
        self._requests = requests
        self._heard: set[tuple[str, r.At, Block]] = set()
        # Each transaction with what ran in it, and the test or view that it was opened for.
        self._ended: list[tuple[Block, flow.Node, str, str]] = []

    def closes(self) -> list[Inside]:
        run, place = self._run, self._place
        func = outer_function(place.module, place.function)
        test = _test_of(run, place)
        here = place.module.path, place.function.at
        around = [(Block(*here, flow.DEFAULT), test, "")] if test else []
        served = sorted(self._requests.aliases(*place))
        run.begin()
        around += [(Block(*here, alias, request=True), "", place.function.qualname) for alias in served]
        around += [(block, "", "") for block in _decorated(run, func)]
        run.on_library = self._hear
        run.on_block = lambda block, node: self._ended.append((block, node, "", ""))
        run.blocks, run.minds_blocks = tuple(block for block, *_ in around), True
        try:
            with suppress(*LIMITS):
                frame = run_symbolically(run, func, DEPTH, STEPS)
                trees = [known.summary.tree for known in run.memo.get(frame, ())]
                self._ended += [(block, tree, test, view) for block, test, view in around for tree in trees]
        finally:
            run.on_library = run.on_block = ignore
            run.blocks, run.minds_blocks = (), False
        return [inside for ended in self._ended for inside in self._judge(*ended)]

    def _hear(self, path: str, _: Value | None, __: Arguments, at: r.At, frame: Frame) -> None:
        run = self._run
        if run.blocks and not run.off_loop and run.models.find("close", path) is not None:
            self._heard.update((frame.module.path, at, block) for block in run.blocks)

    def _judge(self, block: Block, node: flow.Node, test: str, request: str) -> Iterator[Inside]:
        """The closes of a transaction's connection in what runs inside, if it may end well after one of them."""
        if request and first_write(node, block.path, block.alias) is None:
            # A request that only reads has nothing to lose.
            return
        found = [
            each
            for each in leaves(node, block.path)
            if isinstance(each.leaf, flow.Close)
            and each.leaf.sure
            and (each.leaf.alias == flow.ALL or (each.leaf.alias == block.alias and block.alias != "?"))
            and (each.path, each.leaf.at, block) in self._heard
        ]
        if not found:
            return
        for each in found:
            assert isinstance(each.leaf, flow.Close)
            ends = exits(_OneClose(block.alias, each.leaf).fold(node).plain)
            # A test that is run again and again would have told of a close that it reaches; a branch that may close is
            # mostly one that it avoids.
            if ends & _CLOSED and (not test or ends <= _CLOSED):
                yield Inside(each.path, each.leaf.at, each.leaf.what, block, each.calls, test, request)


class _OneClose(Folder):
    """Folds as if nothing else closed: others may run after the transaction, or not at all."""

    def __init__(self, alias: str, close: flow.Close) -> None:
        super().__init__(flow.DEFAULT if alias == "?" else alias)
        self._close = close

    def fold(self, node: flow.Node, yielding: Outcome | None = None) -> Outcome:
        if isinstance(node, flow.Close) and node != self._close:
            return Outcome(SAME)
        return super().fold(node, yielding)


def _decorated(run: Interpreter, func: Func) -> list[Block]:
    """The transactions that the decorators of a function put around it."""
    if func.function.is_async:
        return []  # Django refuses to begin one for a coroutine.
    frame = run.class_frame(func.klass) if func.klass is not None else run.module_frame(func.module)
    found = []
    for decorator in func.function.decorators:
        written = (decorator, *decorator.args) if isinstance(decorator, r.Call) else (decorator,)
        for expr in written:
            if last_name(callee(expr)) not in imported_as(func.module, _ATOMIC):
                continue
            with suppress(*LIMITS), run.detached():
                for value in run.evaluate(frame, expr):
                    if isinstance(value, Ext) and value.path in (ATOMIC, ATOMIC[:-2]):
                        found.append(Block(func.module.path, func.function.at, value.alias or flow.DEFAULT))
    return found
