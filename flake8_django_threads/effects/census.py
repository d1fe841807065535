"""The census: every place in the project that names an entry, to tell whether it is only ever spawned."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from flake8_django_threads.base import Definition, Span
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin
from flake8_django_threads.facts.walk import last_name, statements
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources, Unreadable
from flake8_django_threads.project.store import Store

TEMPLATES = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".djhtml")
_REPLACERS = frozenset({"patch", "object", "setattr", "delattr"})


class Census:
    """Counts references by name: a method of the same name elsewhere counts too, which errs on the safe side.

    ``sites`` gives the spawn sites of a file by its absolute path. Names in strings count (``getattr``, ``urls.py``),
    also those that are put together, and so does what templates call.
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
        texts = dict(self._texts(entry, path))
        if name == "run":
            own = _class_of(entry)
            below = self._names(texts, own, classes=True)
            return not self._runs_without_a_thread(texts, below, below | self._bases(texts, own))
        names = self._names(texts, name)
        for file, text in texts.items():
            if _builds_the_name(text, name):
                return False
            if not any(word in text for word in names):
                continue
            facts = self._modules.facts(file)
            if not isinstance(facts, r.ModuleFacts):
                return False
            places = list(_references(facts, names))
            if not places:
                continue
            # A helper may do more with what it is given than spawn it, so its argument counts as a plain reference.
            targets = [
                target
                for site in self._sites(file)
                for target in (site.target, site.inner)
                if target is not None and site.entry == entry and not site.through
            ]
            if not all(any(_inside(at, target) for target in targets) for at in places):
                return False
        return not self._is_called_by_a_template(entry, path, name)

    def _texts(self, entry: Definition, path: str) -> Iterator[tuple[str, str]]:
        for file in self._files(entry, path):
            with suppress(Unreadable):
                yield file, self._sources.read(file)

    def _names(self, texts: Mapping[str, str], name: str, *, classes: bool = False) -> frozenset[str]:
        """A name and those under which it is imported; with ``classes`` also those of the classes below it."""
        names, todo = {name}, [name]
        while todo:
            wanted = todo.pop()
            # What may not stand before the name comes behind it: a search jumps to a pattern's first letters.
            name = re.escape(wanted)
            word = re.compile(rf"{name}(?<!\w{name})\b" + ("" if classes else r"\s+as\b"))
            for file in (file for file, text in texts.items() if word.search(text)):
                facts = self._modules.facts(file)
                if isinstance(facts, r.ModuleFacts):
                    found = {local for was, local in _imported(facts) if was == wanted}
                    if classes:
                        found |= {c.name for c in facts.classes if wanted in map(last_name, c.bases)}
                    todo += found - names
                    names |= found
        return frozenset(names)

    def _bases(self, texts: Mapping[str, str], name: str) -> set[str]:
        """The names of the classes above a class, also by what they are called where they are written."""
        found, todo = set[str](), [name]
        while todo:
            word = re.compile(rf"\b(?:class\s+{re.escape(wanted := todo.pop())}\b|as\s+{re.escape(wanted)}\b)")
            for file in (file for file, text in texts.items() if wanted in text and word.search(text)):
                facts = self._modules.facts(file)
                if isinstance(facts, r.ModuleFacts):
                    named = {last_name(base) for c in facts.classes if c.name == wanted for base in c.bases}
                    named |= {was for was, local in _imported(facts) if local == wanted}
                    todo += named - found
                    found |= named
        return found

    def _runs_without_a_thread(self, texts: Mapping[str, str], classes: frozenset[str], own: frozenset[str]) -> bool:
        """Whether the ``run`` of a thread class, or of one below it, may be called as any method is.

        ``own`` are the classes whose ``self`` it may be: a base may run itself where it is not to start a thread.
        """
        for file, text in texts.items():
            if ".run(" in text and any(name in text for name in own):
                facts = self._modules.facts(file)
                if not isinstance(facts, r.ModuleFacts):
                    return True
                if any(_calls_run(call, scope, facts, classes, own) for call, scope in facts.calls):
                    return True
        return False

    def _is_called_by_a_template(self, entry: Definition, path: str, name: str) -> bool:
        """Whether a template names the attribute that a method without parameters is."""
        facts = self._modules.facts(path)
        functions = facts.functions if isinstance(facts, r.ModuleFacts) else ()
        method = next((f for f in functions if begin(f.at) == begin(entry.span[1:])), None)
        if method is None or not isinstance(method.owner, r.ClassFact):
            return False
        needed = [p for p in method.parameters if p.default is None and p.kind not in ("args", "kwargs")]
        if len(needed) > 1:
            return False
        word = re.compile(rf"\.{re.escape(name)}\b")
        for file in self._resolver.files(self._resolver.project_root(path), TEMPLATES):
            with suppress(Unreadable):
                if word.search(self._sources.read(file)):
                    return True
        return False

    def _files(self, entry: Definition, path: str) -> Iterator[str]:
        facts = self._modules.facts(path)
        if isinstance(facts, r.ModuleFacts):
            for function in facts.functions:
                if begin(function.at) == begin(entry.span[1:]) and isinstance(function.owner, r.Function):
                    yield path
                    return
        yield from self._resolver.files(self._resolver.project_root(path))


def _calls_run(
    call: r.Call, scope: r.Scope, facts: r.ModuleFacts, classes: frozenset[str], own: frozenset[str]
) -> bool:
    """Whether this may be ``thread.run()`` of one of the classes: the body run without a thread."""
    func = call.func
    if not (isinstance(func, r.Attr) and func.name == "run"):
        return False
    base = func.base
    if isinstance(base, r.Call):
        made = last_name(base.func)
        return made in classes or not (made == "super" or made[:1].isupper())
    name = last_name(base)
    if name == "self" and isinstance(base, r.Name):
        owner: r.Scope | None = scope
        while isinstance(owner, r.Function):
            owner = owner.owner
        return isinstance(owner, r.ClassFact) and owner.name in own
    if isinstance(base, r.Name) and name in _modules_of(facts):
        return False
    values = [value for target, value in _assigned(facts) if last_name(target) == name and type(target) is type(base)]
    made_of = {last_name(value.func) if isinstance(value, r.Call) else "" for value in values}
    return not values or "" in made_of or bool(made_of & classes)


def _assigned(facts: r.ModuleFacts) -> Iterator[tuple[r.Expr, r.Expr]]:
    for stmt in _statements(facts):
        if isinstance(stmt, r.Assign):
            yield from ((target, stmt.value) for target in stmt.targets)


def _statements(facts: r.ModuleFacts) -> Iterator[r.Stmt]:
    for block in (facts.body, *(function.body for function in facts.functions), *(c.body for c in facts.classes)):
        yield from statements(block)


def _modules_of(facts: r.ModuleFacts) -> set[str]:
    """The local names of whole modules."""
    return {stmt.name or stmt.module.partition(".")[0] for stmt in _statements(facts) if isinstance(stmt, r.Import)}


def _imported(facts: r.ModuleFacts) -> Iterator[tuple[str, str]]:
    """Every name that is taken from another module, and what it is called here."""
    for stmt in _statements(facts):
        if isinstance(stmt, r.ImportFrom):
            yield from stmt.names


# ``getattr(self, f"sync_{kind}")`` and its like: the part of the name that is written.
_BEGINS = re.compile(r"getattr\(\s*[\w.]+\s*,\s*[rRfF]*[\"'](\w{2,})(?:\{|%|[\"']\s*[+%])")
_ENDS = re.compile(r"getattr\(\s*[\w.]+\s*,\s*(?:[fF][\"']\{[^}]*\}|\w+\s*\+\s*[\"'])(\w{2,})[\"']")


def _builds_the_name(text: str, name: str) -> bool:
    """Whether a text makes names, to look attributes up by, of which this may be one."""
    if "getattr(" not in text:
        return False
    return any(name.startswith(found[1]) for found in _BEGINS.finditer(text)) or any(
        name.endswith(found[1]) for found in _ENDS.finditer(text)
    )


def _class_of(entry: Definition) -> str:
    """The name of the class that a method is written in."""
    return entry.qualname.rpartition(".")[0].rpartition(".")[2]


def _references(facts: r.ModuleFacts, names: frozenset[str]) -> Iterator[r.At]:
    """Where a module uses one of the names: as a name, an attribute or a string; definitions and imports left out."""
    stack: list[object] = [facts.body]
    while stack:
        node = stack.pop()
        if isinstance(node, (r.Function, r.ClassFact)):
            stack.append(node.body)
            if isinstance(node, r.Function):
                stack.extend((node.decorators, node.parameters))
            else:
                stack.extend((node.decorators, node.bases, node.keywords))
        elif isinstance(node, r.Call) and last_name(node.func) in _REPLACERS:
            # What puts another one in its place does not call it.
            stack.extend((node.func, *(arg for arg in node.args if not isinstance(arg, r.Const)), node.keywords))
        elif isinstance(node, tuple):
            if (
                (isinstance(node, r.Name) and node.id in names)
                or (isinstance(node, r.Attr) and node.name in names)
                or (isinstance(node, r.Const) and isinstance(node.value, str) and _last_part(node.value) in names)
            ):
                yield node.at
            stack.extend(node)


def _last_part(text: str) -> str:
    """The last part of a dotted path (``"shop.jobs.sync"``, ``"shop.jobs:sync"``); any other text itself."""
    return re.split(r"[.:]", text)[-1] if re.fullmatch(r"[\w.:]+", text) else text


def _inside(at: r.At, target: Span) -> bool:
    return (target.line, target.col) <= at[:2] and at[2:] <= (target.end_line, target.end_col)
