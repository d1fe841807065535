"""What is registered anywhere in the project: the receivers of a signal, the jobs that a library's one call runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name, words
from flake8_django_threads.values import attributes
from flake8_django_threads.values.domain import NOTHING, ClassValue, Const, Ext, Frame, Func, Vals, Value

if TYPE_CHECKING:
    from flake8_django_threads.values.interpreter import Interpreter

RECEIVERS = "<receivers>"
SIGNAL = "django.dispatch.Signal()"
# One reading of the project's registrations may take so much, whoever asks first.
_DEPTH, _STEPS = 6, 20_000


class _Asked(NamedTuple):
    """What to look for: text that a file must hold, the last names of registering calls, and which of them count."""

    text: str
    names: frozenset[str]
    counts: Callable[[r.Call | r.Expr], bool]


def receivers(run: Interpreter, signal: Value | None) -> Vals:
    """Whatever is connected to a signal; for one that the project makes, in any of its modules."""
    if isinstance(signal, Ext) and signal.path == SIGNAL and isinstance(signal.site, tuple):
        path, at = signal.site
        name = _assigned(run.names.facts(path), at)
        if name:
            asked = _Asked(name, frozenset({"receiver", "connect"}), lambda mark: name in words(mark))
            _read(run, signal, path, asked)
    return run.store.get((signal, RECEIVERS)) or NOTHING


def register(run: Interpreter, path: str, given: Vals) -> None:
    """Note what a library's registering call is given."""
    called = frozenset(v for v in given if not isinstance(v, Const))
    run.store.add((_registry(path), RECEIVERS), called)


def jobs(run: Interpreter, path: str, frame: Frame) -> Vals:
    """Whatever any module of the project has registered for the call ``path`` to run."""
    registry = _registry(path)
    asked = _Asked(registry.path, frozenset(run.models.registering(registry.path)), lambda _: True)
    _read(run, registry, frame.module.path, asked)
    return run.store.get((registry, RECEIVERS)) or NOTHING


def _registry(path: str) -> Ext:
    """The one registry that a library keeps for the process: it goes by the library's name."""
    return Ext(path.partition(".")[0])


def _assigned(module: r.ModuleFacts | None, at: r.At) -> str:
    """The name that a module or a class in it gives to the value made at ``at``."""
    blocks = [module.body, *(klass.body for klass in module.classes)] if module is not None else []
    for block in blocks:
        for stmt in block:
            if isinstance(stmt, r.Assign) and stmt.value.at == at:
                return next(filter(None, map(last_name, stmt.targets)), "")
            if isinstance(stmt, r.Annotate) and stmt.value is not None and stmt.value.at == at:
                return last_name(stmt.target)
    return ""


def _read(run: Interpreter, registry: Value, home: str, asked: _Asked) -> None:
    """Evaluate the registering calls and decorators in the project of the file ``home``, once for all."""
    root = run.resolver.project_root(home)
    if (root, registry) in run.registries:
        return
    run.registries.add((root, registry))
    from flake8_django_threads.values.interpreter import Exhausted

    with run.within(_DEPTH, _STEPS), run.detached(), suppress(Exhausted, RecursionError):
        for path in run.registering.get(root, ()):
            if asked.text in run.modules.text(path) and (facts := run.names.facts(path)) is not None:
                _read_module(run, facts, asked)


def _read_module(run: Interpreter, module: r.ModuleFacts, asked: _Asked) -> None:
    for function in module.functions:
        if any(last_name(callee(mark)) in asked.names and asked.counts(mark) for mark in function.decorators):
            run.names.function_value(scope_frame(run, module, function.owner), function)
    for call, scope in module.calls:
        if last_name(call.func) in asked.names and asked.counts(call):
            run.evaluate(scope_frame(run, module, scope), call)


def scope_frame(run: Interpreter, module: r.ModuleFacts, scope: object) -> Frame:
    """Where code of this scope is evaluated when nobody is known to run it."""
    if isinstance(scope, r.ClassFact):
        return run.class_frame(_class(run, module, scope))
    if isinstance(scope, r.Function):
        owner = scope.owner
        if isinstance(owner, r.ClassFact):
            return attributes.symbolic_frame(run, Func(scope, module, None, _class(run, module, owner)))
        around = scope_frame(run, module, owner) if isinstance(owner, r.Function) else None
        return attributes.symbolic_frame(run, Func(scope, module, around))
    return run.module_frame(module)


def _class(run: Interpreter, module: r.ModuleFacts, fact: r.ClassFact) -> ClassValue:
    around = scope_frame(run, module, fact.owner) if isinstance(fact.owner, r.Function) else None
    return ClassValue(fact, module, around)


def everything(found: Vals) -> Iterator[Value]:
    """What was registered, in an order that does not hang on hashes."""
    yield from attributes.ordered(frozenset(v for v in found if not isinstance(v, Const)))
