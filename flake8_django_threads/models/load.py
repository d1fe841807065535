"""The rows of all tables, merged, and what they say about a dotted path."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from flake8_django_threads.models.gate import Gate
from flake8_django_threads.models.schema import TABLES, BadRow, Row, read_tables

__all__ = ["TABLES", "BadRow", "Models", "Row", "load", "load_file"]

_SHIPPED = ("threads.toml", "django.toml", "derived.toml", "libraries.toml")
_NAME = re.compile(r"\w+")
_WORD = re.compile(r"[A-Z][a-z\d]*|[a-z\d]+")
_PART = re.compile(r"\w+|\(\)|\[\]")
# Rows of these tables answer one question, "does it open, close or leave alone", so the nearest of them is the answer.
_STATE = frozenset({"touch", "lazy", "close"})
_CODE = _STATE | {"spawn", "wrapper", "quiet", "wait", "type"}


class Models:
    """Answer what a dotted path means, from rows in the order given: a later row replaces an earlier one.

    A path is the name as imported, with ``()`` for a call's result and ``[]`` for an element:
    ``concurrent.futures.ThreadPoolExecutor().submit``. Two rows are rivals if table, path and event are the same.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        kept: dict[tuple[str, str, str], Row] = {}
        self._retired: set[tuple[str, str, str]] = set()
        self._same = {other: row.path for row in rows if row.table == "type" and row.enabled for other in row.same}
        self._canonical: dict[str, str] = {}
        for row in rows:
            path = self.canonical(row.path)
            for event in row.on:
                kept.pop((row.table, path, event), None)
                if not row.enabled:
                    self._retired.add((row.table, path, event))
                else:
                    self._retired.discard((row.table, path, event))
                    kept[row.table, path, event] = row if row.path == path else row._replace(path=path)
        self._rows = kept
        self._bases = {path: row.bases for (table, path, _), row in kept.items() if table == "type" and row.bases}
        self._found: dict[tuple[str, str, str], Row | None] = {}
        self._by_table: dict[str | None, tuple[Row, ...]] = {}

    def canonical(self, path: str) -> str:
        """Give the one spelling of a path that rows are kept under; the longest known prefix is replaced first."""
        known = self._canonical.get(path)
        if known is None:
            known, seen = path, {path}
            while True:
                prefix = next((prefix for prefix in _prefixes(known) if prefix in self._same), None)
                if prefix is None:
                    break
                known = self._same[prefix] + known[len(prefix) :]
                if known in seen:  # Two rows that call each other the same: either spelling will do.
                    break
                seen.add(known)
            self._canonical[path] = known
        return known

    def bases(self, path: str) -> tuple[str, ...]:
        """Give the direct bases of an external class, canonical; empty for one that no row knows."""
        return tuple(map(self.canonical, self._bases.get(self.canonical(path), ())))

    def is_a(self, path: str, base: str) -> bool:
        """Tell whether an external class is, by the rows, ``base`` or a subclass of it."""
        wanted, stack, seen = self.canonical(base), [self.canonical(path)], set[str]()
        while stack:
            current = stack.pop()
            if current == wanted:
                return True
            if current not in seen:
                seen.add(current)
                stack.extend(self.bases(current))
        return False

    def find(self, table: str, path: str, on: str = "call") -> Row | None:
        """Give the row for a path and event: its own, else that of the nearest base of a class in the path.

        A nearer row of ``touch``, ``lazy`` or ``close`` hides those of the bases in all three tables, and a retired row
        those of the bases in its own.
        """
        key = table, path, on
        if key not in self._found:
            self._found[key] = self._search(*key)
        return self._found[key]

    def _search(self, table: str, path: str, on: str) -> Row | None:
        rivals = _STATE if table in _STATE else {table}
        for candidate in self._inherited(self.canonical(path)):
            if (row := self._rows.get((table, candidate, on))) is not None:
                return row
            if table == "type" or (table, candidate, on) in self._retired:
                return None
            if any((rival, candidate, on) in self._rows for rival in rivals):
                return None
        return None

    def _inherited(self, path: str) -> Iterator[str]:
        """Give the path, then the same path through the bases of each class in it, nearest first."""
        queue, seen = [path], {path}
        for current in queue:
            yield current
            for prefix in _prefixes(current):
                for base in self.bases(prefix):
                    inherited = self.canonical(base + current[len(prefix) :])
                    if inherited not in seen:
                        seen.add(inherited)
                        queue.append(inherited)

    def rows(self, table: str | None = None) -> tuple[Row, ...]:
        """Give the rows in force, each once, in their order."""
        if table not in self._by_table:
            found = {id(row): row for row in self._rows.values() if table in (None, row.table)}
            self._by_table[table] = tuple(found.values())
        return self._by_table[table]

    @cached_property
    def taught(self) -> frozenset[str]:
        """Give the paths of the user's own rows that may speak of the project's own code, which then gives way."""
        return frozenset(row.path for row in self.rows() if row.source not in _SHIPPED and row.table in _CODE)

    @cached_property
    def gate_words(self) -> tuple[tuple[str, ...], ...]:
        """Give the fewest word groups such that a text that hands code to a thread holds all words of some group.

        A method's word begins with its dot, and ends with a bracket where nothing comes with it. A plain lower-case
        word (``map``), or that of a row with ``common = true``, comes with the path's top-level package or with the
        last word of the class (``executor``), which is how variables are named where the object comes from another
        module; ``common = "package"`` leaves the package alone. A conditional spawn comes with its keyword.
        """
        rows = (*self.rows("spawn"), *self.rows("subclass"))
        groups = {group for row in rows for path in self._spellings(row.path) for group in _groups(row, path)}
        kept: list[tuple[str, ...]] = []
        for group in sorted(groups, key=lambda group: (sum(map(len, group)), group)):
            # A group whose words hold all the words of another adds nothing: its texts pass anyway.
            text = "\n".join(group)
            if not any(all(word in text for word in other) for other in kept):
                kept.append(group)
        return tuple(kept)

    @cached_property
    def spawn_names(self) -> frozenset[str]:
        """Give the last names of all spawners."""
        return frozenset(_last(row.path) for row in self.rows("spawn"))

    @cached_property
    def registering_words(self) -> tuple[tuple[str, ...], ...]:
        """Give the word groups of texts that may register something: with a signal, or with a library of the rows."""
        rows = [row for row in self.rows("wrapper") if row.does == "register"]
        return (("receiver(",), (".connect(",), *((row.path.partition(".")[0], _last(row.path)) for row in rows))

    def registering(self, package: str) -> frozenset[str]:
        """Give the last names of the calls and decorators that register something with a library."""
        rows = (row for row in self.rows("wrapper") if row.does == "register")
        return frozenset(_last(row.path) for row in rows if row.path.partition(".")[0] == package)

    def chained(self, path: str) -> Row | None:
        """Give the row for whatever chain of calls leads from the path's package to its last name."""
        return self._chained.get((path.partition(".")[0], _last(path))) if "()." in path else None

    def is_chained(self, path: str) -> bool:
        """Tell whether attributes of what a path's package gives lead on to a call that a row speaks of."""
        return any(package == path.partition(".")[0] for package, _ in self._chained)

    def keeps(self, path: str) -> bool:
        """Tell whether objects of a path are told apart: some row says what they keep, or run of what they keep."""
        return path in self._keepers

    @cached_property
    def _keepers(self) -> frozenset[str]:
        wrappers = (row for row in self.rows("wrapper") if row.does in ("keep", "kept"))
        spawns = (row for row in self.rows("spawn") if row.callable is None and not row.decorator)
        return frozenset(row.path.rpartition(".")[0] for row in (*wrappers, *spawns))

    @cached_property
    def _chained(self) -> dict[tuple[str, str], Row]:
        rows = (row for row in self.rows("wrapper") if row.chained)
        return {(row.path.partition(".")[0], _last(row.path)): row for row in rows}

    def _spellings(self, path: str) -> Iterator[str]:
        yield path
        for prefix in _prefixes(path):
            yield from (other + path[len(prefix) :] for other in self._others.get(prefix, ()))

    @cached_property
    def _others(self) -> Mapping[str, Sequence[str]]:
        """The other spellings of each path that has some."""
        found: dict[str, list[str]] = {}
        for other, same in self._same.items():
            found.setdefault(same, []).append(other)
        return found

    def may_spawn(self, text: str) -> bool:
        """Tell whether a file's text could hand code to a thread by itself, looking at words alone."""
        return self._gate.passes(text)

    @cached_property
    def _gate(self) -> Gate:
        return Gate(self.gate_words)


def _last(path: str) -> str:
    names: list[str] = _NAME.findall(path)
    return names[-1]


def _prefixes(path: str) -> Iterator[str]:
    """Give the path and its prefixes that end at a part, longest first."""
    ends = [match.end() for match in _PART.finditer(path)]
    return (path[:end] for end in reversed(ends))


def _groups(row: Row, path: str) -> Iterator[tuple[str, ...]]:
    """Give the word groups of one row under one spelling of its path."""
    names = _NAME.findall(path)
    is_method = f"().{names[-1]}" in path
    words: tuple[str, ...] = (f".{names[-1]}" if is_method else names[-1],)
    if row.requires is not None:
        words = (*words, row.requires.keyword)
    plain = names[-1].isalpha() and names[-1].islower()
    if len(names) == 1 or not (plain if row.common is None else bool(row.common)):
        if not is_method:
            yield words
            return
        # An attribute of anything may be called so; where it is not called at once, the package has to be named.
        yield (f"{words[0]}(", *words[1:])
        yield (*words, names[0])
        return
    yield (*words, names[0])
    if is_method and row.common != "package":
        yield (*words, (_WORD.findall(names[-2]) or [names[-2]])[-1].lower())


def load_file(path: str | Path) -> Mapping[str, object]:
    """Parse a user's table file; raise BadRow where it cannot be read or is no TOML."""
    try:
        with Path(path).open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise BadRow(str(path), "", "", f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise BadRow(str(path), "", "", f"expected TOML: {error}") from error


def load(user_tables: Sequence[tuple[str, Mapping[str, object]]] = ()) -> Models:
    """Merge the shipped tables with the user's, given as (name for messages, parsed TOML); raise BadRow."""
    tables = [*shipped().items(), *user_tables]
    return Models([row for source, rows in tables for row in read_tables(source, rows)])


def shipped() -> dict[str, dict[str, Any]]:
    """Give the tables that come with the package, by file name."""
    folder = files("flake8_django_threads.models")
    return {name: tomllib.loads((folder / name).read_text("utf-8")) for name in _SHIPPED}
