"""Where a call's function comes from, as far as the imports of its module alone tell."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_django_threads.facts import records as r
from flake8_django_threads.values.domain import Ext, Vals
from flake8_django_threads.values.interpreter import Interpreter


def outside(run: Interpreter, module: r.ModuleFacts, scope: r.Scope, expr: r.Expr) -> Vals | None:
    """What a dotted name is that a built-in or the module's imports alone begin, if all of it lies outside."""
    first = expr
    while isinstance(first, r.Attr):
        first = first.base
    if not isinstance(first, r.Name) or _is_local(run, scope, first.id):
        return None
    table = run.names.table(module)
    if table.stars or any(binding.kind not in ("import", "from") for binding in table.names.get(first.id, ())):
        return None
    with run.detached():
        values = run.evaluate(run.module_frame(module), expr)
    return values if values and all(isinstance(value, Ext) for value in values) else None


def mentioned(node: object) -> Iterator[str]:
    """The names, attributes and texts in an expression, the bodies of lambdas left out."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, tuple):
            if isinstance(part, r.Name):
                yield part.id
            elif isinstance(part, r.Attr):
                yield part.name
            elif isinstance(part, r.Const) and isinstance(part.value, str):
                yield part.value
            stack.extend(part)


def _is_local(run: Interpreter, scope: r.Scope, name: str) -> bool:
    """Whether a scope between the module and the expression binds the name, or a class body does."""
    current: object = scope
    while isinstance(current, (r.Function, r.ClassFact)):
        if isinstance(current, r.Function):
            if name in current.local_names or any(p.name == name for p in current.parameters):
                return True
        elif name in run.names.table(current).names:
            return True
        current = current.owner
    return False
