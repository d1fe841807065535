"""Judges the fixtures that are no programs: each line that starts a thread is run by itself, as far as it goes.

The cases under ``fixtures/libraries`` name one row a line. Many a line could not stand in a program: arguments are
missing, a model is made up, a library is of another release. So each statement of a module's top, and of its functions
whose names begin with ``start``, is run alone, and what it raises is noted. A line has a verdict if a thread that it
started left a connection open, or came to its end without an exception and left none.
"""

from __future__ import annotations

import ast
import gc
import importlib
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from oracle.cases import Case
from oracle.databases import Database
from oracle.instrument import Instrument, checkpoint_names, install
from oracle.process import be_quiet, isolated
from oracle.roots import call
from oracle.stage import Stage, dotted
from oracle.tracer import Observation

SECONDS = 60.0
# How the functions are called that start threads, and what a line raises that is wrong by itself.
STARTS = "start"
MISTAKES = ("TypeError", "AttributeError", "NameError", "NotImplementedError")
Place = tuple[str, int]


@dataclass(frozen=True)
class Judged:
    """The lines of a case, as (path, line), by what became of the threads that they started.

    ``leaks`` are those that left a connection open, ``closes`` those that ended well and left none; ``raised`` has what
    was raised in the other threads, and by lines that started none.
    """

    leaks: frozenset[Place]
    closes: frozenset[Place]
    raised: dict[Place, str]

    def disagreements(self, case: Case) -> Iterator[str]:
        """The lines whose verdict is not what is marked."""
        for path, line in sorted(self.leaks - case.leaks.keys()):
            yield f"{path}:{line} leaks and has no mark"
        for path, line in sorted(self.closes & case.always):
            yield f"{path}:{line} is marked and does not leak"

    def without_verdict(self, case: Case) -> dict[Place, str]:
        """The marked lines that nobody could judge, and why."""
        left = case.leaks.keys() - self.leaks - self.closes
        return {place: self.raised.get(place, "no thread was seen") for place in sorted(left)}


def judge(case: Case, database: Database, settings: dict[str, Any]) -> Judged:
    """Run the lines in a process of its own, with these settings of Django. Raises ChildError."""
    return isolated(lambda: _judge(case, database, settings), SECONDS)


def _judge(case: Case, database: Database, settings: dict[str, Any]) -> Judged:
    be_quiet()
    with tempfile.TemporaryDirectory(prefix="djt-lines-", ignore_cleanup_errors=True) as folder:
        stage = _Lines(case, database, Path(folder), settings)
        stage.set_up()
        gc.collect()
        gc.disable()
        try:
            stage.tracer.settle()
            stage.tracer.ready = True
            for module in stage.modules.values():
                for name, function in list(vars(module).items()):
                    if name.startswith(STARTS) and getattr(function, "__module__", "") == module.__name__:
                        with suppress(Exception):
                            call(function, lambda _: MagicMock())
            stage.tracer.settle()
            return _judged(case, stage.tracer.observations, stage.raised)
        finally:
            stage.clear()


def _judged(case: Case, observations: list[Observation], raised: dict[Place, str]) -> Judged:
    """A line that started several threads, as one that maps, leaks if one does, and closes if all do."""
    starting: dict[Place, list[Observation]] = {}
    for seen in observations:
        for path, first, last, _ in seen.places:
            for line in range(first, last + 1):
                starting.setdefault((path, line), []).append(seen)
    leaks = {place for place, seen in starting.items() if any(one.leaked for one in seen)}
    closes = {place for place, seen in starting.items() if all(one.ended and not one.raised for one in seen)} - leaks
    # A line that starts none by itself is only on the way to what another starts; and a thread that ended in what a
    # mistake in its line raises did not come to its close.
    starts = _starting(case)
    own = {
        place
        for place in leaks
        if place in case.leaks
        or (place in starts and any(one.leaked and not one.raised.startswith(MISTAKES) for one in starting[place]))
    }
    known = own | closes
    told = {place: one.raised for place, seen in starting.items() for one in seen if one.raised and place not in known}
    return Judged(
        frozenset(own), frozenset(closes - {place for place, made_up in starts.items() if made_up}), raised | told
    )


def _starting(case: Case) -> dict[Place, bool]:
    """The lines of starting functions, and whether each uses an argument of its function: these are made up, and open
    nothing."""
    found: dict[Place, bool] = {}
    for path, text in case.files.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(STARTS):
                given = {one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
                found |= {(path, line): False for one in node.body for line in range(one.lineno, one.end_lineno + 1)}
                used = [one.lineno for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in given]
                found |= {(path, line): True for line in used}
    return found


class _Lines(Stage):
    """A case whose statements are run one by one."""

    def __init__(self, case: Case, database: Database, folder: Path, settings: dict[str, Any]) -> None:
        super().__init__(case, database, folder)
        self._given = settings
        self.raised: dict[Place, str] = {}

    def _instrument(self) -> None:
        def note(path: str, line: int, error: Exception) -> None:
            self.raised.setdefault((path, line), f"{type(error).__name__}: {error}")

        names = {"__lines_note__": note, "__lines_import__": _imported}
        install(self.checkpoints.root, _Alone, checkpoint_names(self.checkpoints) | names)

    def _other_apps(self) -> list[Any]:
        return list(self._given["INSTALLED_APPS"])

    def _settings(self) -> dict[str, Any]:
        return self._given | super()._settings()

    def _make_tables(self) -> None:
        """Of the case's own models, those whose fields and bases do not ask for more."""
        from django.apps import apps
        from django.db import connection, connections

        self.database.make_space(self.space)
        for model in apps.get_models():
            if model.__module__ in map(dotted, self.case.files):
                with suppress(Exception), connection.schema_editor() as editor:
                    editor.create_model(model)
        with suppress(Exception):
            self.fill()
        connections.close_all()


def _imported(path: str) -> None:
    """Import what a path begins with, as far as there are modules."""
    parts = path.split(".")
    for end in range(1, len(parts) + 1):
        with suppress(ImportError):
            importlib.import_module(".".join(parts[:end]))


class _Alone(Instrument):
    """Puts an own ``try`` around each statement of a module, and of its functions that start threads."""

    def visit_Module(self, node: ast.Module) -> ast.Module:  # noqa: N802
        self.generic_visit(node)
        node.body = [
            *(one for one in node.body if isinstance(one, ast.ImportFrom) and one.module == "__future__"),
            *map(self._alone, node.body),
        ]
        return node

    def _alone(self, node: ast.stmt) -> ast.stmt:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(STARTS):
            node.body = [self._alone(one) for one in node.body]
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return ast.copy_location(ast.Pass(), node)
        where = [ast.Constant(self.path), ast.Constant(node.lineno), ast.Name("__error__", ast.Load())]
        body: list[ast.stmt] = [node]
        if isinstance(node, ast.Import):
            body = []
            for alias in node.names:
                body.append(_call("__lines_import__", ast.Constant(alias.name)))
                top = alias.name.partition(".")[0]
                body.append(ast.Import([alias if alias.asname else ast.alias(top)]))
        handlers = [
            ast.ExceptHandler(ast.Name("Exception", ast.Load()), "__error__", [_call("__lines_note__", *where)])
        ]
        return ast.copy_location(ast.Try(body, handlers, [], []), node)


def _call(name: str, *args: ast.expr) -> ast.Expr:
    return ast.Expr(ast.Call(ast.Name(name, ast.Load()), list(args), []))
