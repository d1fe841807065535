"""The test that holds a spawn, and whether it runs inside a transaction that is rolled back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_django_threads.effects.surroundings import InTest
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name, statements
from flake8_django_threads.values.domain import ClassValue, Ext
from flake8_django_threads.values.interpreter import Interpreter

ROLLED_BACK = "django.test.TestCase"
TEST_CASE = "unittest.TestCase"
_TEST_CASE = TEST_CASE.rpartition(".")[2]
MARK = "django_db"
COMMITTING = ("transaction", "reset_sequences")
# Fixtures of pytest-django: the first gives a transaction, the others a database that threads may share.
TRANSACTION_FIXTURES = frozenset({"db"})
COMMITTING_FIXTURES = frozenset(
    {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}
)
# The call by which a test lends its own connection to other threads.
SHARING = "inc_thread_sharing"
# What waits for threads and jobs has one of these words in its name, or is one of these.
WAITS = ("join", "shutdown", "result", "wait")
WAITING = frozenset({"as_completed", "get", "gather", "run_until_complete"})


def test_around(run: Interpreter, module: r.ModuleFacts, scope: r.Scope) -> InTest | None:
    """The test around ``scope``; None if it is no part of one, as far as its classes, marks and fixtures tell."""
    function, klass = outermost_of(scope)
    if function is None:
        return None
    held = [call for call, inner in module.calls if _within(inner, klass or function)]
    called = {last_name(call.func) for call in held if not _of_text(call.func)}
    waits = not called.isdisjoint(WAITING) or any(word in other for other in called for word in WAITS)
    waits = waits or _leaves_pool(function)
    shares = SHARING in called
    name = f"{klass.name}.{function.name}" if klass is not None else function.name
    if klass is not None:
        value = ClassValue(klass, module)
        if _is_test_case(run, value):
            isolated = run.classes.is_a(value, ROLLED_BACK) and not shares
            return InTest(name, "TestCase" if isolated else "", waits)
    fixture = any(last_name(callee(mark)) == "fixture" for mark in function.decorators)
    if not (function.name.startswith("test") or fixture):
        return None
    marks = list(marks_of(module, function, klass))
    fixtures = {p.name for p in function.parameters} | set(used(marks))
    fixtures |= {p.name for f in module.functions if f.name in fixtures for p in f.parameters}
    database = [mark for mark in marks if last_name(callee(mark)) == MARK]
    commits = any(_has(mark, option) for mark in database for option in COMMITTING) or not fixtures.isdisjoint(
        COMMITTING_FIXTURES
    )
    rolls_back = (database or not fixtures.isdisjoint(TRANSACTION_FIXTURES)) and not commits and not shares
    return InTest(name, MARK if rolls_back else "", waits)


def _is_test_case(run: Interpreter, klass: ClassValue) -> bool:
    """Whether a class is a test case: what any library calls one is, too."""
    above = [base.path.rpartition(".")[2] for base in run.classes.mro(klass) if isinstance(base, Ext)]
    return _TEST_CASE in above or run.classes.is_a(klass, TEST_CASE)


def outermost_of(scope: r.Scope) -> tuple[r.Function | None, r.ClassFact | None]:
    """The outermost function around a scope, and the class that it is a method of."""
    function: r.Function | None = None
    current: r.Scope | None = scope
    while isinstance(current, (r.Function, r.ClassFact)):
        if isinstance(current, r.Function):
            function = current
        current = current.owner
    owner = function.owner if function is not None else None
    return function, owner if isinstance(owner, r.ClassFact) else None


def _leaves_pool(function: r.Function) -> bool:
    """Whether a with statement of the function ends a pool."""
    managers = [item.manager for stmt in statements(function.body) if isinstance(stmt, r.With) for item in stmt.items]
    return any(word in last_name(callee(manager)) for manager in managers for word in ("Pool", "Executor"))


def _within(scope: r.Scope, outer: r.Scope) -> bool:
    current: r.Scope | None = scope
    while current is not None and current is not outer:
        current = current.owner if isinstance(current, (r.Function, r.ClassFact)) else None
    return current is outer


def marks_of(module: r.ModuleFacts, function: r.Function, klass: r.ClassFact | None) -> Iterator[r.Expr]:
    """The decorators on a test and its class, and the marks that the class and the module give to all their tests."""
    yield from function.decorators
    if klass is not None:
        yield from klass.decorators
    for body in (module.body, klass.body if klass is not None else ()):
        for stmt in body:
            if isinstance(stmt, r.Assign) and any(last_name(target) == "pytestmark" for target in stmt.targets):
                yield from stmt.value.items if isinstance(stmt.value, r.Display) else (stmt.value,)


def used(marks: Iterable[r.Expr]) -> Iterator[str]:
    """The fixtures that ``usefixtures`` asks for."""
    for mark in marks:
        if isinstance(mark, r.Call) and last_name(mark.func) == "usefixtures":
            yield from (arg.value for arg in mark.args if isinstance(arg, r.Const) and isinstance(arg.value, str))


def _has(mark: r.Expr, option: str) -> bool:
    """Whether an option is given, to whatever value but a plain False."""
    if not isinstance(mark, r.Call):
        return False
    given = [keyword.value for keyword in mark.keywords if keyword.name in (option, None)]
    return bool(mark.args) or any(not (isinstance(value, r.Const) and value.value is False) for value in given)


def _of_text(expr: r.Expr) -> bool:
    return isinstance(expr, r.Attr) and isinstance(expr.base, (r.Const, r.FString))
