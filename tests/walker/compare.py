"""Asks the analysis about a body, holds the answer against the walk, and shrinks what they disagree on."""

from __future__ import annotations

import ast
import builtins
import io
from collections.abc import Callable, Iterator

from flake8_django_threads.effects.inventory import Inventory
from flake8_django_threads.effects.sites import Connection, SpawnSite
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.models import load
from flake8_django_threads.project.beyond import Beyond
from flake8_django_threads.project.resolve import Resolver
from flake8_django_threads.project.sources import Sources
from flake8_django_threads.project.store import Store
from flake8_django_threads.values.interpreter import Interpreter

from .walker import walk

MODELS = load.load([])


class Analyst:
    """Asks about one body after the other; starts afresh now and then, so that memory stays small."""

    def __init__(self) -> None:
        self._asked = 0
        self._begin()

    def _begin(self) -> None:
        sources = Sources()
        self._modules = Store(sources)
        libraries = {row.path.partition(".")[0] for row in MODELS.rows()}
        resolver = Resolver(sources, "/", libraries)
        self._inventory = Inventory(Interpreter(self._modules, resolver, MODELS, Beyond(sources)), "/")

    def connections(self, text: str) -> tuple[Connection, ...]:
        """What the analysis says of the entry that the module ``text`` hands to a thread."""
        (site,) = self.sites(text)
        assert not site.unknown, site.unknown
        return site.connections

    def sites(self, text: str) -> tuple[SpawnSite, ...]:
        """The spawn sites of the module ``text``."""
        self._asked += 1
        if self._asked % 200 == 0:
            self._begin()
        path = f"/bodies/body_{self._asked}.py"
        facts = self._modules.adopt(path, ast.parse(text), io.StringIO(text).readlines())
        assert isinstance(facts, ModuleFacts)
        return self._inventory.sites(facts, path)


def disagreement(analyst: Analyst, text: str) -> str:
    """How the two disagree, in words; empty if they do not. An incomplete walk can only show what was missed."""
    walked = walk(text)
    said = analyst.connections(text)
    # A loop that never ends and closes somewhere is silent by decision: its rounds count only where nothing closes.
    plain = walked.plain if any(c.close for c in said) else walked.plain | walked.rests
    told_plain = frozenset[int]().union(*(c.plain for c in said))
    told_raised = frozenset[int]().union(*(c.raised for c in said))
    for name, seen, told in (("plain", plain, told_plain), ("raised", walked.raised, told_raised)):
        if seen - told:
            return f"missed alarm, {name}"
        if walked.complete and told - seen:
            return f"false alarm, {name}"
    return ""


def shrink(text: str, fails: Callable[[str], bool]) -> str:
    """The shortest text found by leaving out statements for which ``fails`` still holds."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(text):
            if _holds(candidate, fails):
                text, smaller = candidate, True
                break
    return text


def _holds(text: str, fails: Callable[[str], bool]) -> bool:
    try:
        ast.parse(text)
        return not _loose_names(text) and fails(text)
    except Exception:
        return False


def _loose_names(text: str) -> set[str]:
    """The names that a text uses and nowhere binds."""
    used: set[str] = set()
    bound = set(dir(builtins)) | {"__name__"}
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(name=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                bound.add(name)
    return used - bound


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "items", "cases")


def _smaller(text: str) -> Iterator[str]:
    """The text with one statement left out, or put in the place of one that holds it; big ones first."""
    count = sum(1 for _ in _places(ast.parse(text)))
    for position in range(count):
        for inner in (None, *_BLOCKS[:3]):
            tree = ast.parse(text)
            block, index = next(place for number, place in enumerate(_places(tree)) if number == position)
            replacement = getattr(block[index], inner, []) if inner else []
            if inner and not (replacement and isinstance(replacement, list) and isinstance(block[index], ast.stmt)):
                continue
            block[index : index + 1] = replacement
            for node in ast.walk(tree):
                if isinstance(getattr(node, "body", None), list) and not node.body and not isinstance(node, ast.Module):
                    node.body = [ast.Pass()]
            candidate = ast.unparse(ast.fix_missing_locations(tree))
            if len(candidate) < len(ast.unparse(ast.parse(text))):
                yield candidate


def _places(tree: ast.AST) -> Iterator[tuple[list[ast.AST], int]]:
    for node in ast.walk(tree):
        for name in (*_BLOCKS, "decorator_list"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from ((block, index) for index in range(len(block)))
