"""The truth about a case of ``fixtures/engine/calls``: which of its functions ran when ``entry()`` was executed.

A function counts if its own body calls ``hit()``, and has run if that call happened: a generator that is made but never
consumed has not, and what has no visible effect weighs nothing on either side. The module ``probe`` exists only while a
case runs: for the analysis it is a library about which nothing is known.
"""

from __future__ import annotations

import ast
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CALLS = Path(__file__).parent.parent / "fixtures" / "engine" / "calls"


class Case(NamedTuple):
    """``main`` is the file that defines ``entry``; its modules are the files below ``folder``, or ``main`` alone."""

    name: str
    main: Path

    @property
    def category(self) -> str:
        return self.name.partition("/")[0]

    @property
    def folder(self) -> Path:
        return self.main.parent

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.py")) if self.main.name == "main.py" else [self.main]


class Spot(NamedTuple):
    """A function of a case: its file, the line of its ``def`` or ``lambda``, and its name with the scopes around it."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{Path(self.path).stem}:{self.line} {self.name}"


def cases() -> list[Case]:
    """Every case, in order of its name: ``<category>/<case>.py``, or ``<category>/<case>/main.py`` with modules."""
    single = (Case(f"{path.parent.name}/{path.stem}", path) for path in CALLS.glob("*/*.py"))
    several = (Case(f"{path.parent.parent.name}/{path.parent.name}", path) for path in CALLS.glob("*/*/main.py"))
    return sorted((*single, *several))


def counted(case: Case) -> dict[tuple[str, int, str], Spot]:
    """The functions that count, by their file, the line where their code begins (the first decorator's) and name."""
    return {
        (str(path), first, name.rpartition(".")[2]): Spot(str(path), line, name)
        for path in case.files
        for first, line, name in _functions(ast.parse(path.read_text()), "")
    }


def executed(case: Case) -> frozenset[Spot]:
    """The functions that count and ran under ``entry()``; what its modules run when they are imported is left out."""
    ran: set[tuple[str, int, str]] = set()

    def on_hit() -> None:
        code = sys._getframe(2).f_code
        ran.add((code.co_filename, code.co_firstlineno, code.co_name))

    with _importable(case, on_hit):
        entry = importlib.import_module(case.main.stem).entry
        ran.clear()
        entry()
    spots = counted(case)
    return frozenset(spots[key] for key in ran)


@contextmanager
def _importable(case: Case, on_hit: Callable[[], None]) -> Iterator[None]:
    """Let the case's modules be imported, all that are found at once, and forget them afterwards."""
    before, path, writes = set(sys.modules), sys.path[:], sys.dont_write_bytecode
    sys.path.insert(0, str(case.folder))
    sys.dont_write_bytecode = True
    sys.modules["probe"] = _probe(on_hit)
    importlib.invalidate_caches()
    try:
        importlib.import_module(case.main.stem)
        for file in case.files:
            parts = file.relative_to(case.folder).with_suffix("").parts
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
        yield
    finally:
        # A namespace package asks its parent where it is: look at all of them before the first one goes.
        made = {name for name in set(sys.modules) - before if name == "probe" or _is_of(case, sys.modules[name])}
        for name in made:
            del sys.modules[name]
        sys.path[:], sys.dont_write_bytecode = path, writes


def _is_of(case: Case, module: types.ModuleType) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place is not None and Path(place).is_relative_to(case.folder) for place in places)


def _probe(on_hit: Callable[[], None]) -> types.ModuleType:
    """``hit`` tells that its caller runs; ``same`` gives back its argument, which the analysis cannot know."""

    def hit(*_arguments: object) -> None:
        on_hit()

    def same(value: object) -> object:
        return value

    probe = types.ModuleType("probe")
    vars(probe).update(hit=hit, same=same)
    return probe


def _functions(node: ast.AST, outside: str) -> Iterator[tuple[int, int, str]]:
    for child in ast.iter_child_nodes(node):
        inside = outside
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            name = "<lambda>" if isinstance(child, ast.Lambda) else child.name
            inside = f"{outside}.{name}" if outside else name
            decorators = [] if isinstance(child, ast.Lambda) else child.decorator_list
            if _hits(child.body if isinstance(child.body, list) else [child.body]):
                yield min([child.lineno, *(d.lineno for d in decorators)]), child.lineno, inside
        elif isinstance(child, ast.ClassDef):
            inside = f"{outside}.{child.name}" if outside else child.name
        yield from _functions(child, inside)


def _hits(body: list[ast.stmt] | list[ast.expr]) -> bool:
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hit", "probe.hit"):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return False
