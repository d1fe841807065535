"""The pytest fixtures that a test gets: by its parameters and marks, and those that come by themselves."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.effects.in_test import marks_of, used
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.walk import callee, last_name
from flake8_django_threads.project.sources import last, parent
from flake8_django_threads.values.interpreter import Interpreter

_CONFTEST = "conftest.py"


def fixtures_of(
    run: Interpreter, module: r.ModuleFacts, function: r.Function, klass: r.ClassFact | None
) -> list[tuple[r.ModuleFacts, r.Function]]:
    """The fixtures, each with its module, that are written in the test's file or in a conftest above it."""
    known: dict[str, tuple[r.ModuleFacts, r.Function]] = {}
    wanted = {p.name for p in function.parameters} | set(used(marks_of(module, function, klass)))
    for facts in (module, *_conftests(run, module.path)):
        for fixture in facts.functions:
            marks = [mark for mark in fixture.decorators if last_name(callee(mark)) == "fixture"]
            if marks:
                known.setdefault(fixture.name, (facts, fixture))
                wanted |= {fixture.name} if any(map(_is_automatic, marks)) else set()
    found: dict[str, tuple[r.ModuleFacts, r.Function]] = {}
    while names := wanted & known.keys() - found.keys():
        name = min(names)
        found[name] = known[name]
        wanted |= {p.name for p in known[name][1].parameters}
    return list(found.values())


def _conftests(run: Interpreter, path: str) -> Iterable[r.ModuleFacts]:
    """The conftest modules of a file's folder and of those above it in its project, the nearest first."""
    files = run.resolver.files(run.resolver.project_root(path), (_CONFTEST,))
    above = [file for file in files if last(file) == _CONFTEST and path.startswith(file.removesuffix(_CONFTEST))]
    for file in sorted(above, key=lambda file: -len(parent(file))):
        facts = run.modules.facts(file)
        if isinstance(facts, r.ModuleFacts):
            yield facts


def _is_automatic(mark: r.Expr) -> bool:
    given = mark.keywords if isinstance(mark, r.Call) else ()
    return any(k.name == "autouse" and isinstance(k.value, r.Const) and k.value.value is True for k in given)
