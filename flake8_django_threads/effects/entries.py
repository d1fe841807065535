"""The entry of a spawn: which function of the project it is, what it is called, and who gave it."""

from __future__ import annotations

from flake8_django_threads.effects.explore import (
    outermost,
)
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name, words
from flake8_django_threads.values.domain import (
    NO_CALLER,
    Bound,
    ClassValue,
    Ext,
    Func,
    Instance,
    Partial,
    Unknown,
    Value,
    Wrapped,
)
from flake8_django_threads.values.interpreter import Interpreter, SpawnEvent


def entry_function(value: Value) -> Func | None:
    """The project function that calling ``value`` runs first, through partials, methods and decorators."""
    match value:
        case Func():
            return value
        case Bound():
            return value.function if isinstance(value.function, Func) else None
        case Partial():
            return entry_function(value.function)
        case Wrapped():
            return entry_function(value.function)
    return None


def entry_name(entry: Func | None, values: list[Value]) -> str:
    """What a message calls the entry."""
    if entry is not None:
        if entry.function.name == "<lambda>":
            return "a lambda"
        return f"{entry.function.qualname}()"
    for value in values:
        while isinstance(value, Partial):
            value = value.function
        if isinstance(value, Ext):
            return f"{value.path.replace('()', '')}()"
        if isinstance(value, Bound) and isinstance(value.function, Ext):
            receiver = value.receiver
            last = value.function.path.rpartition(".")[2]
            if isinstance(receiver, Instance):
                return f"{receiver.klass.fact.name}.{last}()"
            if isinstance(receiver, Ext) and isinstance(receiver.of, ClassValue):
                return f"{receiver.of.fact.name}.{last}()"
            return f"{value.function.path.replace('()', '')}()"
        if isinstance(value, Instance):
            return f"{value.klass.fact.name}()"
        if isinstance(value, ClassValue):
            return f"{value.fact.name}()"
    return "the entry"


def left_to_parameter(event: SpawnEvent, root: r.Function, run: Interpreter) -> bool:
    """Whether the entry is a parameter without a known caller, or a function that calls one around it.

    Such a function is an inner one of ``root``, or of a decorator that ``root`` has put around its parameter.
    """
    for value in event.callables:
        bare = value
        while isinstance(bare, (Partial, Wrapped)):
            bare = bare.function
        if isinstance(bare, Unknown) and bare.reason == NO_CALLER:
            return True
        entry = entry_function(value)
        if entry is None:
            continue
        called = {c.func.id for c, s in entry.module.calls if s is entry.function and isinstance(c.func, r.Name)}
        if outermost(entry.function) is root and entry.function is not root:
            if called & ({p.name for p in root.parameters} - {"self", "cls"}):
                return True
        elif any(_without_caller(run, entry, name) for name in called):
            return True
    return False


def _without_caller(run: Interpreter, entry: Func, name: str) -> bool:
    """Whether ``name`` is a parameter of a call around ``entry`` that was given something without a known caller.

    So is one of a call that was not run, where the inner function is looked at by itself.
    """
    frame = entry.frame
    while frame is not None and frame.function is not None:
        if any(parameter.name == name for parameter in frame.function.parameters):
            held = run.store.peek((frame, name))
            return held is None or any(isinstance(v, Unknown) and v.reason == NO_CALLER for v in held)
        frame = frame.parent
    return False


def closes_over(entry: Func | None, function: r.Function, run: Interpreter) -> bool:
    """Whether an entry is an inner function whose enclosing call was given ``function``."""
    frame = entry.frame if entry is not None else None
    while frame is not None and frame.function is not None:
        for parameter in frame.function.parameters:
            held = run.store.peek((frame, parameter.name)) or frozenset()
            if any((f := entry_function(v)) is not None and f.function is function for v in held):
                return True
        frame = frame.parent
    return False


def names_of(scope: r.Scope) -> set[str]:
    """The local names of the functions around a place, their parameters included."""
    names: set[str] = set()
    current: object = scope
    while isinstance(current, (r.Function, r.ClassFact)):
        if isinstance(current, r.Function):
            names |= current.local_names | {p.name for p in current.parameters}
        current = current.owner
    return names


def spawner_is_given(call: r.Call, scope: r.Scope) -> bool:
    """Whether what a call's method belongs to is a parameter of the function, of which nothing is said there."""
    if not (isinstance(call.func, r.Attr) and isinstance(call.func.base, r.Name) and isinstance(scope, r.Function)):
        return False
    itself = scope.parameters[:1] if isinstance(scope.owner, r.ClassFact) else ()
    name = call.func.base.id
    return any(p.name == name and p.annotation is None and p not in itself for p in scope.parameters)


def hands_parameter_on(call: r.Call, scope: r.Scope) -> bool:
    """Whether a spawn's arguments name a parameter of the outermost function around it of which nothing is said."""
    root = outermost(scope)
    if not isinstance(root, r.Function):
        return False
    itself = root.parameters[:1] if isinstance(root.owner, r.ClassFact) else ()
    bare = {p.name for p in root.parameters if p.annotation is None and p.kind not in ("args", "kwargs")}
    return not (bare - {p.name for p in itself}).isdisjoint(words((call.args, call.keywords)))


def gives_parameter(call: r.Call, scope: r.Scope) -> bool:
    """Whether a spawn's arguments name a parameter, or an inner function, of a function around it."""
    names = names_of(scope)
    if not names:
        return False
    stack: list[object] = [call.args, call.keywords]
    while stack:
        node = stack.pop()
        if isinstance(node, r.Name) and node.id in names:
            return True
        if isinstance(node, r.LambdaExpr):
            node = node.function.body
        if isinstance(node, tuple):
            stack.extend(node)
    return False


def handed_over(module: r.ModuleFacts, at: r.At, entry: Func | None) -> r.At | None:
    """The argument of a helper's call that names the entry; None where no single one does."""
    if entry is None:
        return None
    found = []
    for call, _ in module.calls:
        if call.at == at:
            for expr in (*call.args, *(keyword.value for keyword in call.keywords)):
                is_lambda = isinstance(expr, r.LambdaExpr) and expr.function is entry.function
                if is_lambda or last_name(expr) == entry.function.name:
                    found.append(expr.at)
    return found[0] if len(found) == 1 else None
