"""What a test puts in the place of the code it runs: behind a double, the text does not tell what happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from flake8_django_threads.effects.spawn_index import module_name
from flake8_django_threads.effects.way import functions_on
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import last_name
from flake8_django_threads.project.store import Store
from flake8_django_threads.values.domain import string
from flake8_django_threads.values.interpreter import Exhausted, Interpreter

# Methods that prepare each test of a class.
_PREPARING = frozenset({"setUp", "setUpClass", "setUpTestData", "setup_method", "setup_class", "asyncSetUp"})
# Options of a patch; any other keyword of patch.multiple is a name that it replaces.
_OPTIONS = frozenset({"new", "spec", "create", "spec_set", "autospec", "new_callable", "side_effect", "return_value"})
_MOST_FIXTURES = 12


def replaced(run: Interpreter, module: r.ModuleFacts, function: r.Function, klass: r.ClassFact | None) -> set[str]:
    """The last names of what a test, its class or its fixtures replace, as far as they are written in its file."""
    return {text.rpartition(".")[2] for text in replaced_paths(run, module, function, klass)} - {""}


def replaced_paths(
    run: Interpreter, module: r.ModuleFacts, function: r.Function, klass: r.ClassFact | None
) -> set[str]:
    """What a test, its class or its fixtures replace, as it is written there: with the way to it, if that is told."""
    parts: list[object] = [function.decorators, function.body]
    if klass is not None:
        parts.append(klass.decorators)
        parts += [klass.functions[name].body for name in _PREPARING & klass.functions.keys()]
    wanted, seen = {p.name for p in function.parameters}, set[str]()
    while wanted - seen and len(seen) < _MOST_FIXTURES:
        name = min(wanted - seen)
        seen.add(name)
        for fixture in module.functions:
            if fixture.name == name and fixture.decorators:
                parts.append(fixture.body)
                wanted |= {p.name for p in fixture.parameters}
    found: set[str] = set()
    imported = {alias: name for s in module.imports if isinstance(s, r.ImportFrom) for name, alias in s.names}
    for node in _nodes(parts):
        if isinstance(node, r.Call) and any("patch" in imported.get(word, word) for word in named(node.func)):
            found |= set(_patched(run, module, node))
        elif isinstance(node, r.Assign) and isinstance(node.value, r.Call) and "Mock" in last_name(node.value.func):
            found |= {target.name for target in node.targets if isinstance(target, r.Attr)}
    return found


def takes_the_query(what: str, calls: Iterable[tuple[str, str, r.At]], paths: set[str]) -> bool:
    """Whether what a test replaces is a function that is called on the way to a query, or the query's own method.

    ``what`` is the query as messages have it, ``Order.get``. A path's last name alone may be that of anything, so the
    way to it has to name the model too; or the class of the method, or the module that calls the function by its name.
    """
    model, _, method = what.rpartition(".")
    ways = {tuple(path.split(".")[-3:]) for path in paths if "." in path}
    if model and any(way[-1] == method and model in way[:-1] for way in ways):
        return True
    for qualname, path, _ in calls:
        *owner, name = qualname.split(".")
        if any(way[-2:] == (owner[-1] if owner else module_name(path), name) for way in ways):
            return True
    return False


def on_the_way(modules: Store, calls: Iterable[tuple[str, str, r.At]], path: str, names: set[str]) -> bool:
    """Whether a function that is called on the way to a place in the file ``path`` names one of these."""
    return any(not names.isdisjoint(named(function.body)) for function in functions_on(modules, calls, path))


def named(node: object) -> set[str]:
    """Every name and attribute in an expression, statement or block, inner functions included."""
    return {last_name(part) for part in _nodes(node) if isinstance(part, (r.Name, r.Attr))}


def _patched(run: Interpreter, module: r.ModuleFacts, call: r.Call) -> Iterator[str]:
    if last_name(call.func) == "multiple":
        yield from (keyword.name for keyword in call.keywords if keyword.name and keyword.name not in _OPTIONS)
    for arg in call.args[:2]:
        text = arg.value if isinstance(arg, r.Const) else None
        if isinstance(arg, (r.Name, r.Attr)):
            with suppress(Exhausted, RecursionError), run.detached():
                text = string(run.evaluate(run.module_frame(module), arg))
        if isinstance(text, str):
            yield text


def _nodes(node: object) -> Iterator[object]:
    """A record and those in it, in no order, through inner functions."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, r.Function):
            stack += [current.decorators, current.body]
        elif isinstance(current, (tuple, list)):
            stack.extend(current)
