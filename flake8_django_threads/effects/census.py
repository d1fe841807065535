"""The census: every place in the project that names an entry, to tell whether it is only ever spawned."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flake8_django_threads.base import Definition, Span
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts import records as r
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable
from flake8_django_threads.project.store import Store


class Census:
    """Counts references by name: a method of the same name elsewhere counts too, which errs on the safe side.

    ``sites`` gives the spawn sites of a file by its absolute path. Names in strings count (``getattr``, ``urls.py``).
    """

    def __init__(
        self, sources: Sources, modules: Store, resolver: Resolver, sites: Callable[[str], tuple[SpawnSite, ...]]
    ) -> None:
        self._sources = sources
        self._modules = modules
        self._resolver = resolver
        self._sites = sites
        self._answers: dict[Definition, bool] = {}

    def only_spawned(self, entry: Definition, path: str) -> bool:
        """Whether every reference to the entry, which stands in the file ``path``, hands it to another thread."""
        if entry not in self._answers:
            self._answers[entry] = self._count(entry, path)
        return self._answers[entry]

    def _count(self, entry: Definition, path: str) -> bool:
        name = entry.qualname.rpartition(".")[2]
        if name == "<lambda>":
            return False
        for file in self._files(entry, path):
            try:
                text = self._sources.read(file)
            except Unreadable:
                continue
            if name not in text or (name == "run" and not (_class_of(entry) in text and ".run(" in text)):
                continue
            facts = self._modules.facts(file)
            if not isinstance(facts, r.ModuleFacts):
                return False
            if name == "run":
                if any(_calls_run(call, entry) for call, _ in facts.calls):
                    return False
                continue
            places = list(_references(facts, name))
            if not places:
                continue
            # A helper may do more with what it is given than spawn it, so its argument counts as a plain reference.
            targets = [
                site.target
                for site in self._sites(file)
                if site.target is not None and site.entry == entry and not site.through
            ]
            if not all(any(_inside(at, target) for target in targets) for at in places):
                return False
        return True

    def _files(self, entry: Definition, path: str) -> Iterator[str]:
        facts = self._modules.facts(path)
        if isinstance(facts, r.ModuleFacts):
            for function in facts.functions:
                if function.at[:2] == (entry.span.line, entry.span.col) and isinstance(function.owner, r.Function):
                    yield path
                    return
        yield from self._resolver.files(self._resolver.project_root(path))


def _calls_run(call: r.Call, entry: Definition) -> bool:
    """``Class(...).run()``: the body of a thread class run without a thread."""
    func = call.func
    if not (isinstance(func, r.Attr) and func.name == "run" and isinstance(func.base, r.Call)):
        return False
    made = func.base.func
    klass = _class_of(entry)
    return (isinstance(made, r.Name) and made.id == klass) or (isinstance(made, r.Attr) and made.name == klass)


def _class_of(entry: Definition) -> str:
    """The name of the class that a method is written in."""
    return entry.qualname.rpartition(".")[0].rpartition(".")[2]


def _references(facts: r.ModuleFacts, name: str) -> Iterator[r.At]:
    """Where a module names ``name``: as a name, an attribute or a string; definitions and imports left out."""
    stack: list[object] = [facts.body]
    while stack:
        node = stack.pop()
        if isinstance(node, (r.Function, r.ClassFact)):
            stack.append(node.body)
            if isinstance(node, r.Function):
                stack.extend((node.decorators, node.parameters))
            else:
                stack.extend((node.decorators, node.bases, node.keywords))
        elif isinstance(node, tuple):
            if (
                (isinstance(node, r.Name) and node.id == name)
                or (isinstance(node, r.Attr) and node.name == name)
                or (isinstance(node, r.Const) and node.value == name)
            ):
                yield node.at
            stack.extend(node)


def _inside(at: r.At, target: Span) -> bool:
    return (target.line, target.col) <= at[:2] and at[2:] <= (target.end_line, target.end_col)
