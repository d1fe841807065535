"""Beyond the project's border: what an installed package says of its own classes and functions.

A package is read, never imported, and only where a name that no row explains leads into one whose text speaks of
threads or of Django's connections. Bases that are written as names are followed by name, which costs a tenth; all else
is asked of astroid, here and nowhere else, which is imported then, and asked of so many modules and no more.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from flake8_django_threads.project.sources import Sources, Unreadable, below, last

if TYPE_CHECKING:
    from astroid import nodes

# Modules that are parsed to follow where a package defines a name, and modules that are handed to astroid.
MOST_PARSED = 400
MOST_ASKED = 60
MOST_HOPS = 8
_FOLDERS = ("site-packages", "dist-packages")
# Of these the rows speak.
_EXPLAINED = sys.stdlib_module_names | {"django"}
_BUILTINS = frozenset(dir(builtins))
# Of Python's own classes only these may derive from one that a row speaks of, by a way that the row does not tell.
_DEEP = frozenset({"asyncio", "http", "logging", "multiprocessing", "socketserver", "wsgiref", "xmlrpc"})
# A module without any of these neither starts threads nor speaks of models.
_WORDS = ("Thread", "Executor", "django.db", "models", "Manager", "QuerySet")
_CLOSERS = frozenset({"close_all", "close_old_connections", "close_if_unusable_or_obsolete"})
_CONNECTIONS = frozenset({"connection", "connections"})
# A class that defines one of these starts its work in a way of its own.
_OWN_WAYS = frozenset({"__init__", "__new__", "run", "start", "submit", "map"})
SURE, MAYBE, NEVER = "sure", "maybe", ""


class _Spot(NamedTuple):
    """Where a package defines a name: the file, the module's dotted name, and the name in it."""

    path: str
    module: str
    name: str


class _Class(NamedTuple):
    """A class as it is written: its bases, dotted, or None where one is no name, and the functions in its body."""

    bases: tuple[str, ...] | None
    functions: frozenset[str]


class _Names(NamedTuple):
    """The names that a module binds: functions, classes, and by name the (module, name) that it imports, without a
    name for a module; ``stars`` are the modules of which it imports everything."""

    functions: frozenset[str]
    classes: Mapping[str, _Class]
    imported: Mapping[str, tuple[str, str]]
    stars: tuple[str, ...]


_Line: TypeAlias = list[tuple[str, frozenset[str]]]
"""A class and its ancestors: the dotted name of each, and the functions in its body."""

_OBJECT = ("builtins.object", frozenset[str]())


class Beyond:
    """Answers about names of installed packages, and remembers; ``parsed`` and ``asked`` count the modules read."""

    def __init__(self, sources: Sources, folders: Sequence[str] | None = None) -> None:
        self._sources = sources
        places = sys.path if folders is None else folders
        self._folders = tuple(folder for folder in places if last(os.path.normpath(folder)) in _FOLDERS)
        self._spots: dict[str, _Spot | None] = {}
        self._lines: dict[str, _Line | None] = {}
        self._names: dict[str, _Names | None] = {}
        self._modules: dict[str, nodes.Module | None] = {}
        self._answers: dict[tuple[str, str], Any] = {}
        self.parsed = self.asked = 0

    def ancestors(self, dotted: str) -> tuple[str, ...]:
        """The classes that a class of a package derives from, nearest first; empty for anything else."""
        written = self._written(dotted)
        if written is None:
            return self._answer("ancestors", dotted, _ancestors) or ()
        return tuple(name for name, _ in written[1:])

    def stands_for(self, dotted: str) -> tuple[str, ...]:
        """Those of the ancestors whose way of being made and of handing work on the class leaves as it is."""
        written = self._written(dotted)
        if written is None:
            return self._answer("stands for", dotted, _stands_for) or ()
        found = []
        for name, functions in written:
            found.append(name)
            if _OWN_WAYS & functions:
                break
        return tuple(found[1:])

    def closes(self, dotted: str) -> str:
        """Whether a decorator or context manager closes Django's connections: "sure" on every way, "maybe", or ""."""
        return self._answer("closes", dotted, _closes, (*_CLOSERS, *_CONNECTIONS)) or NEVER

    def passes(self, dotted: str) -> bool:
        """Whether calling this with a function gives the function, or one that calls it."""
        return self._is_function(dotted) and bool(self._answer("passes", dotted, _passes, ()))

    def makes_decorator(self, dotted: str) -> bool:
        """Whether calling this gives such a decorator."""
        return self._is_function(dotted) and bool(self._answer("makes a decorator", dotted, _makes_decorator, ()))

    def returned(self, dotted: str) -> str:
        """The class of which a function gives an object, where astroid names exactly one; else empty."""
        return (self._is_function(dotted) and self._answer("returned", dotted, _returned)) or ""

    def _is_function(self, dotted: str) -> bool:
        spot = self._known_spot(dotted)
        names = self._names_in(spot.module, spot.path) if spot is not None else None
        return spot is not None and names is not None and spot.name in names.functions

    def _written(self, dotted: str) -> _Line | None:
        """A class and its ancestors in the order in which Python looks through them; None where names do not tell."""
        if dotted not in self._lines:
            self._lines[dotted] = None
            spot = self._known_spot(dotted)
            if spot is not None and any(word in self._text(spot.path) for word in _WORDS):
                self._lines[dotted] = self._line(spot, ())
        return self._lines[dotted]

    def _line(self, spot: _Spot, below: tuple[_Spot, ...]) -> _Line | None:
        names = self._names_in(spot.module, spot.path)
        written = names.classes.get(spot.name) if names is not None else None
        if names is None or written is None or written.bases is None or spot in below:
            return None
        own = f"{spot.module}.{spot.name}", written.functions
        lines: list[_Line] = []
        for base in written.bases:
            line = self._line_of_base(spot, names, base, (*below, spot))
            if line is None:
                return None
            lines.append(line)
        merged = _merged([*lines, [line[0] for line in lines]]) if lines else [_OBJECT]
        return [own, *merged] if merged is not None else None

    def _line_of_base(self, spot: _Spot, names: _Names, base: str, below: tuple[_Spot, ...]) -> _Line | None:
        """The line of a base that is written so in the module of ``spot``."""
        first, _, rest = base.partition(".")
        if not rest and first in names.classes:
            return self._line(_Spot(spot.path, spot.module, first), below)
        if first not in names.imported:
            return [(f"builtins.{first}", frozenset()), _OBJECT] if first in _BUILTINS and not rest else None
        dotted = ".".join(part for part in (*names.imported[first], rest) if part)
        package = dotted.partition(".")[0]
        if package in _EXPLAINED:
            return [(dotted, frozenset()), _OBJECT] if package not in _DEEP else None
        leads_to = self._known_spot(dotted)
        return self._line(leads_to, below) if leads_to is not None else None

    def _answer(self, question: str, dotted: str, ask: Any, words: Sequence[str] = _WORDS) -> Any:
        key = (question, dotted)
        if key not in self._answers:
            node = self._node(dotted, words)
            self._answers[key] = _safely(ask, node) if node is not None else None
        return self._answers[key]

    def _node(self, dotted: str, words: Sequence[str]) -> Any:
        """astroid's node of what the name means; None where nothing is installed, or it says none of the words."""
        spot = self._known_spot(dotted)
        if spot is None or (words and not any(word in self._text(spot.path) for word in words)):
            return None
        module = self._module(spot)
        found = module.locals.get(spot.name) if module is not None else None
        return found[-1] if found else None

    # Where a name is defined.

    def _known_spot(self, dotted: str) -> _Spot | None:
        if not self._folders or "." not in dotted or dotted.partition(".")[0] in _EXPLAINED:
            return None
        if dotted not in self._spots:
            self._spots[dotted] = self._spot(dotted)
        return self._spots[dotted]

    def _spot(self, dotted: str) -> _Spot | None:
        parts = dotted.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            path = self._file(parts[:cut])
            if path is not None:
                return self._defined(".".join(parts[:cut]), path, parts[cut]) if cut == len(parts) - 1 else None
        return None

    def _file(self, parts: Sequence[str]) -> str | None:
        for folder in self._folders:
            current = folder
            for part in parts[:-1]:
                current = below(current, part) if self._sources.listing(current).get(part) else ""
                if not current:
                    break
            if not current:
                continue
            listing = self._sources.listing(current)
            if listing.get(parts[-1]) and self._sources.listing(below(current, parts[-1])).get("__init__.py") is False:
                return below(below(current, parts[-1]), "__init__.py")
            if listing.get(f"{parts[-1]}.py") is False:
                return below(current, f"{parts[-1]}.py")
        return None

    def _defined(self, module: str, path: str, name: str, hops: int = MOST_HOPS) -> _Spot | None:
        """Follow the imports of a name to the module of a package that defines it."""
        names = self._names_in(module, path)
        if names is None or not hops:
            return None
        if name in names.functions or name in names.classes:
            return _Spot(path, module, name)
        imported = names.imported.get(name)
        if imported is not None and not imported[1]:
            return None  # a module
        for source, original in [imported] if imported is not None else [(star, name) for star in names.stars]:
            found = self._file(source.split(".")) if source else None
            spot = self._defined(source, found, original, hops - 1) if found is not None else None
            if spot is not None:
                return spot
        return None

    def _text(self, path: str) -> str:
        try:
            return self._sources.read(path)
        except Unreadable:
            return ""

    def _names_in(self, module: str, path: str) -> _Names | None:
        if path not in self._names:
            self._names[path] = None
            if self.parsed < MOST_PARSED:
                self.parsed += 1
                tree = _safely(ast.parse, self._text(path))
                self._names[path] = _names(tree, module, path) if tree is not None else None
        return self._names[path]

    # What astroid is asked.

    def _module(self, spot: _Spot) -> Any:
        if spot.path not in self._modules:
            self._modules[spot.path] = None
            if self.asked < MOST_ASKED:
                self.asked += 1
                self._modules[spot.path] = _safely(_read, spot)
        return self._modules[spot.path]


def _safely(ask: Any, about: Any) -> Any:
    """The answer, or None: a library's text may be anything, and astroid may give up in many ways."""
    try:
        return ask(about)
    except Exception:
        return None


def _read(spot: _Spot) -> Any:
    from astroid.builder import AstroidBuilder
    from astroid.manager import AstroidManager

    class Builder(AstroidBuilder):  # type: ignore[misc]  # whose types are not looked into here
        """Leaves out what no question here is about, and what makes astroid read ten times as many modules."""

        def delayed_assattr(self, node: nodes.AssignAttr) -> None:
            """Infer nothing for the attributes that methods set."""

    manager = AstroidManager()
    # A compiled module is not looked into: that would load it.
    manager.always_load_extensions = False
    known = manager.astroid_cache.get(spot.module)
    if known is not None and known.file == spot.path:
        return known
    return Builder(manager, apply_transforms=False).file_build(spot.path, spot.module)


def _statements(block: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under ``if`` and ``try`` too."""
    for stmt in block:
        yield stmt
        if isinstance(stmt, ast.If):
            yield from _statements(stmt.body)
            yield from _statements(stmt.orelse)
        elif isinstance(stmt, ast.Try):
            yield from _statements(stmt.body)
            for handler in stmt.handlers:
                yield from _statements(handler.body)


def _names(tree: ast.Module, module: str, path: str) -> _Names:
    functions = set()
    classes = {}
    imported = {}
    stars = []
    for stmt in _statements(tree.body):
        if isinstance(stmt, ast.FunctionDef):
            functions.add(stmt.name)
        elif isinstance(stmt, ast.ClassDef):
            bases = [_dotted(base) for base in stmt.bases]
            own = (inner.name for inner in _statements(stmt.body) if isinstance(inner, ast.FunctionDef))
            classes[stmt.name] = _Class(tuple(bases) if all(bases) else None, frozenset(own))
        elif isinstance(stmt, ast.Import):
            for alias in stmt.names:
                imported[alias.asname or alias.name.partition(".")[0]] = (
                    (alias.name, "") if alias.asname else (alias.name.partition(".")[0], "")
                )
        elif isinstance(stmt, ast.ImportFrom):
            source = _absolute(module, path, stmt)
            for alias in stmt.names:
                if alias.name == "*":
                    stars.append(source)
                else:
                    imported[alias.asname or alias.name] = source, alias.name
    return _Names(frozenset(functions), classes, imported, tuple(stars))


def _dotted(expr: ast.expr) -> str:
    """A base as a dotted name, without what stands in brackets behind it; empty if it is anything else."""
    if isinstance(expr, ast.Subscript):
        return _dotted(expr.value)
    if isinstance(expr, ast.Attribute):
        before = _dotted(expr.value)
        return f"{before}.{expr.attr}" if before else ""
    return expr.id if isinstance(expr, ast.Name) else ""


def _merged(lines: Sequence[_Line]) -> _Line | None:
    """Python's order of the ancestors (C3), from the lines of the bases and the bases themselves; None if none is."""
    left = [list(line) for line in lines if line]
    done: _Line = []
    while left:
        head = next(
            (line[0] for line in left if not any(line[0][0] == other[0] for rest in left for other in rest[1:])), None
        )
        if head is None:
            return None
        done.append(head)
        left = [rest for line in left if (rest := line[1:] if line[0][0] == head[0] else line)]
    return done


def _absolute(module: str, path: str, stmt: ast.ImportFrom) -> str:
    if not stmt.level:
        return stmt.module or ""
    parts = module.split(".")
    away = stmt.level - (last(path) == "__init__.py")
    kept = parts[: len(parts) - away] if away else parts
    return ".".join([*kept, *([stmt.module] if stmt.module else [])])


def _ancestors(node: Any) -> tuple[str, ...]:
    from astroid import nodes

    if not isinstance(node, nodes.ClassDef):
        return ()
    mro = _safely(lambda klass: [each.qname() for each in klass.mro()[1:]], node)
    return tuple(mro if mro is not None else [each.qname() for each in node.ancestors()])


def _stands_for(node: Any) -> tuple[str, ...]:
    from astroid import nodes

    found: list[str] = []
    if isinstance(node, nodes.ClassDef):
        for klass in node.mro():
            found.append(klass.qname())
            if _OWN_WAYS & klass.locals.keys():
                break
    return tuple(found[1:])


def _closes(node: Any) -> str:
    """Look for a close in the body: in a ``finally`` or an ``__exit__`` it surely runs."""
    from astroid import nodes

    if isinstance(node, nodes.ClassDef):
        methods = [m for name in ("__exit__", "__aexit__") for m in node.locals.get(name, ())]
        found = [_closing(method) for method in methods]
        return SURE if SURE in found or MAYBE in found else NEVER
    return _closing(node) if isinstance(node, nodes.FunctionDef) else NEVER


def _closing(function: Any) -> str:
    from astroid import nodes

    answer = NEVER
    for call in function.nodes_of_class(nodes.Call):
        if not _is_close(call):
            continue
        answer = answer or MAYBE
        inner: Any = call
        while inner is not function:
            around = inner.parent
            if isinstance(around, nodes.Try) and any(inner is stmt for stmt in around.finalbody):
                return SURE
            if isinstance(around, (nodes.If, nodes.ExceptHandler)):
                break
            inner = around
    return answer


def _is_close(call: Any) -> bool:
    """A call of one of Django's closing functions, under the name that the module imports it by."""
    from astroid import nodes

    func = call.func
    name = func.attrname if isinstance(func, nodes.Attribute) else getattr(func, "name", "")
    while isinstance(func, (nodes.Attribute, nodes.Subscript)):
        func = func.expr if isinstance(func, nodes.Attribute) else func.value
    root = getattr(func, "name", "")
    if name not in _CLOSERS and not (name == "close" and root in _CONNECTIONS):
        return False
    return any(
        isinstance(stmt, nodes.ImportFrom) and (stmt.modname or "").startswith("django.db")
        for stmt in call.root().nodes_of_class(nodes.ImportFrom)
        if any((alias or original) == root for original, alias in stmt.names)
    )


def _passes(node: Any) -> bool:
    """A decorator: its parameter comes back, or an inner function that calls it."""
    from astroid import nodes

    if not isinstance(node, nodes.FunctionDef) or not node.args.args:
        return False
    given = node.args.args[0].name
    inner = {each.name: each for each in node.body if isinstance(each, nodes.FunctionDef)}
    answers = []
    for leaving in node.nodes_of_class(nodes.Return, skip_klass=nodes.FunctionDef):
        name = getattr(leaving.value, "name", "")
        called = inner.get(name)
        calls = called.nodes_of_class(nodes.Call) if called is not None else ()
        answers.append(name == given or any(getattr(call.func, "name", "") == given for call in calls))
    return bool(answers) and all(answers)


def _makes_decorator(node: Any) -> bool:
    """A function all of whose results are inner functions that are decorators."""
    from astroid import nodes

    if not isinstance(node, nodes.FunctionDef):
        return False
    inner = {each.name: each for each in node.body if isinstance(each, nodes.FunctionDef)}
    given = [
        getattr(leaving.value, "name", "")
        for leaving in node.nodes_of_class(nodes.Return, skip_klass=nodes.FunctionDef)
    ]
    return bool(given) and all(name in inner and _passes(inner[name]) for name in given)


def _returned(node: Any) -> str:
    from astroid import Instance, nodes

    if not isinstance(node, nodes.FunctionDef) or node.is_generator() or isinstance(node, nodes.AsyncFunctionDef):
        return ""
    found = list(node.infer_call_result(node))
    names = {each.qname() for each in found if type(each) is Instance}
    return names.pop() if len(names) == 1 and all(type(each) is Instance for each in found) else ""
