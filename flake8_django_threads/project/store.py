"""Modules by path: parsed and lowered once, and what could not be is remembered with its reason."""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Collection, Sequence
from typing import NamedTuple

from flake8_django_threads.facts.lower import TooDeep, lower
from flake8_django_threads.facts.records import ModuleFacts
from flake8_django_threads.project.sources import Sources, Unreadable

_TOO_DEEP = "too deep"
_DOES_NOT_PARSE = "does not parse with this Python"


class Unloadable(NamedTuple):
    """A file without facts, the line to blame (from 1) and why."""

    path: str
    line: int
    reason: str


class Store:
    """``loaded`` counts the modules that were parsed here."""

    def __init__(self, sources: Sources) -> None:
        self.loaded = 0
        self._sources = sources
        self._modules: dict[str, ModuleFacts | Unloadable] = {}

    def beside(self, sources: Sources, changed: Collection[str]) -> Store:
        """A store over other sources that knows what this one knows, but for the files whose texts have changed."""
        store = Store(sources)
        store._modules = {path: facts for path, facts in self._modules.items() if path not in changed}
        return store

    def facts(self, path: str) -> ModuleFacts | Unloadable:
        """The facts of the file ``path``; the same object each time, since scopes compare by identity."""
        known = self._modules.get(path)
        if known is None:
            known = self._modules[path] = self._load(path)
        return known

    def text(self, path: str) -> str:
        """The text of a file; empty where it cannot be read."""
        try:
            return self._sources.read(path)
        except Unreadable:
            return ""

    def adopt(self, path: str, tree: ast.Module, lines: Sequence[str]) -> ModuleFacts | Unloadable:
        """The facts of a file that somebody has parsed already; those of ``facts(path)`` if they were asked for before.

        A text that is not on the disk belongs in the overlay. flake8 reads what Python cannot decode as Latin-1; such a
        file stays unloadable, else what an importer sees would depend on whether the file was linted before.
        """
        known = self._modules.get(path)
        if known is None:
            known = self._modules[path] = self._undecodable(path, lines) or _lowered(path, tree, lines)
        return known

    def _undecodable(self, path: str, lines: Sequence[str]) -> Unloadable | None:
        if all(map(str.isascii, lines)):
            return None
        try:
            self._sources.read(path)
        except Unreadable as error:
            return _unreadable(error)
        return None

    def _load(self, path: str) -> ModuleFacts | Unloadable:
        try:
            text = self._sources.read(path)
        except Unreadable as error:
            return _unreadable(error)
        self.loaded += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text, path)
        except (SyntaxError, ValueError) as error:  # for a NUL byte it is the one or the other, and names no line
            line = getattr(error, "lineno", None) or text.count("\n", 0, max(0, text.find("\0"))) + 1
            return Unloadable(path, line, _DOES_NOT_PARSE)
        except (RecursionError, MemoryError):
            return Unloadable(path, 1, _TOO_DEEP)
        # Only "\n" ends a line of Python: str.splitlines would split at a form feed too.
        return _lowered(path, tree, io.StringIO(text).readlines())


def _unreadable(error: Unreadable) -> Unloadable:
    return Unloadable(error.path, error.line, f"cannot be read: {error.cause}")


def _lowered(path: str, tree: ast.Module, lines: Sequence[str]) -> ModuleFacts | Unloadable:
    try:
        return lower(tree, path, lines)
    except (TooDeep, RecursionError, MemoryError):
        return Unloadable(path, 1, _TOO_DEEP)
