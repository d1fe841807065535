"""The row that makes a function known that hands one of its parameters to another thread."""

from __future__ import annotations

from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts import records as r
from flake8_django_threads.values.interpreter import Interpreter


def helper_row(run: Interpreter, module: r.ModuleFacts, scope: r.Scope, site: SpawnSite) -> str:
    """One line of TOML for a spawn in ``scope`` whose entry is a parameter of that function; "" for any other."""
    if site.target is None or not isinstance(scope, r.Function) or scope.name == "<lambda>":
        return ""
    call = next((call for call, _ in module.calls if call.at == site.span[1:]), None)
    given = (*call.args, *(keyword.value for keyword in call.keywords)) if call is not None else ()
    name = next((expr.id for expr in given if expr.at == site.target[1:] and isinstance(expr, r.Name)), "")
    owner = scope.owner
    parameters = [p for p in scope.parameters if p.kind in ("positional", "keyword")]
    names = [p.name for p in parameters]
    if name not in names or isinstance(owner, r.Function):
        return ""
    path = run.resolver.dotted_name(module.path)
    if isinstance(owner, r.ClassFact):
        path += f".{owner.qualname}()"
        parameters, names = parameters[1:], names[1:]
    if name not in names:
        return ""
    index = names.index(name)
    position = f"position = {index}, " if parameters[index].kind == "positional" else ""
    slot = f'{{ {position}keyword = "{name}" }}'
    return f'spawn = [{{ path = "{path}.{scope.name}", callable = {slot}, kind = "{site.kind}", why = "Starts it." }}]'
