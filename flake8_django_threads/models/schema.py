"""What a row may say: the keys of every table, and one line of text for a row that says something else."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\(\)|\[\])*")
EVENTS = (
    "call",
    "enter",
    "attribute",
    "iter",
    "bool",
    "len",
    "contains",
    "index",
    "repr",
    "compare",
    "evaluate",
    "await",
)


class BadRow(Exception):  # noqa: N818 - it names the thing that is wrong, as the message does
    """A table cannot be used as it is written; ``str()`` is one line for the user.

    ``row`` names table, number (from 1) and path of the row, ``key`` the key at fault; both are empty where the
    whole file is at fault.
    """

    def __init__(self, path: str, row: str, key: str, expected: str) -> None:
        self.path, self.row, self.key, self.expected = path, row, key, expected
        super().__init__(": ".join(" ".join(part.split()) for part in (path, row, key, expected) if part))


class Slot(NamedTuple):
    """Where a call takes a value: position (from 0, ``self`` not counted), keyword, or either."""

    position: int | None = None
    keyword: str | None = None


class Condition(NamedTuple):
    """A keyword argument and the literal that it must have."""

    keyword: str
    value: str | int | bool


class Maker(NamedTuple):
    """A call that the file must make, and a keyword that none of its calls may be given."""

    path: str
    without: str


class Row(NamedTuple):
    """One fact about one dotted path; ``methods`` and ``paths`` are already spread out, options not given are None.

    ``source`` is the file, for messages. A typed value of the ORM carries its model; ``returns`` says "row" (an
    instance of the receiver's model), "rows" (many of them), "self" (the receiver's own type and model), or a path.
    """

    table: str
    path: str
    why: str
    source: str
    enabled: bool = True
    same: tuple[str, ...] = ()  # type: other spellings of the path
    bases: tuple[str, ...] = ()  # type: base classes, nearest first
    on: tuple[str, ...] = ("call",)  # touch, lazy: what is done with the value; "evaluate" is pickle, copy and the like
    returns: str | None = None
    alias: Slot | None = None  # where the database alias is given; "default" or the receiver's where it is not
    unless_empty: Slot | None = None  # touch: a literally empty argument there makes it lazy
    constrained: tuple[str, ...] = ()  # touch: only if the model or form has one of these; type: the class has these
    given_query: bool = False  # touch: only if the receiver was made from a queryset, a manager or a model
    cache_table: bool = False  # touch: only if the project's settings keep the receiver, a cache, in a table
    only_opens: bool = False  # touch: it does no more than that, so that it leaves nothing open where it raises
    closes: str | None = None  # "receiver" is the alias of connections[...]
    when: str = "always"  # "max-age-0": shuts only connections whose CONN_MAX_AGE is 0
    callable: Slot | None = None  # None for a decorator factory, whose decorated function is the callable
    args: Slot | str | None = None  # a tuple's slot; "rest" follows the callable; "map" gives items of the iterables
    kwargs: Slot | str | None = None
    kind: str | None = None  # "thread" ends after the entry; the workers of "pool" and "loop" live on
    also: tuple[Slot, ...] = ()  # spawn: where the call takes further callables, each handed over by itself
    requires: Condition | None = None
    maker: Maker | None = None  # spawn: silent but in a file that makes what the callable works for in this way
    decorator: bool = False  # spawn: works as a decorator, too
    # gate: the last name is in wide use, so a second word must be there, for "package" the package's; None: by its look
    common: bool | str | None = None
    # subclass, spawn with a callable: the methods that run in another thread; spawn without one, "kept" wrapper:
    # attributes of the receiver that hold callables, beside what it was given to keep
    entries: tuple[str, ...] = ()
    calls_target: bool = False  # subclass: the base's own entry calls the constructor's target
    needs_base: str | None = None  # subclass: only under a server class that has this base; spawn: only of such a one
    server: Slot | None = (
        None  # spawn with needs_base: where the class is given that has the base, if not the receiver's
    )
    starts: str | None = None  # fork: the method of its object that makes the process; None where the call itself does
    does: str | None = None
    # wrapper that uses: what it does with the arguments, or with the one that `callable` names; spawn: with the result
    use: str | None = None
    chained: bool = False  # wrapper: the path is the first call of its package; any chain to its last name counts
    calls: int = 1  # wrapper: 2 where calling it with options gives the decorator
    bare: bool = False  # wrapper with calls = 2: it may also stand without options, and is the decorator itself
    related: bool = False  # descriptor: the other model gets an accessor back, which gives `reverse`
    reverse: str | None = None


class _Kind(NamedTuple):
    """The values that a key takes: ``read`` gives the value as a row holds it, or None for a misfit."""

    expected: str
    read: Callable[[object], object]


def _path(value: object) -> str | None:
    return value if isinstance(value, str) and PATH.fullmatch(value) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _common(value: object) -> bool | str | None:
    return value if isinstance(value, bool) or value == "package" else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else None


def _all(read: Callable[[object], str | None]) -> Callable[[object], tuple[str, ...] | None]:
    def every(value: object) -> tuple[str, ...] | None:
        if not isinstance(value, list) or not value or any(read(item) is None for item in value):
            return None
        return tuple(value)

    return every


def _slot(value: object) -> Slot | None:
    if not isinstance(value, dict) or not value or not value.keys() <= {"position", "keyword"}:
        return None
    position, keyword = value.get("position"), value.get("keyword")
    if isinstance(position, bool) or not isinstance(position, int | None) or (position or 0) < 0:
        return None
    return Slot(position, keyword) if keyword is None or _path(keyword) else None


def _slots(value: object) -> tuple[Slot, ...] | None:
    found = [_slot(item) for item in value] if isinstance(value, list) else []
    return tuple(slot for slot in found if slot is not None) if found and all(found) else None


def _maker(value: object) -> Maker | None:
    if not isinstance(value, dict) or value.keys() != {"path", "without"}:
        return None
    return Maker(value["path"], value["without"]) if _path(value["path"]) and _path(value["without"]) else None


def _condition(value: object) -> Condition | None:
    if not isinstance(value, dict) or value.keys() != {"keyword", "value"} or not _path(value["keyword"]):
        return None
    return Condition(value["keyword"], value["value"]) if isinstance(value["value"], str | int) else None


def _word(*words: str) -> _Kind:
    return _Kind(" or ".join(f'"{word}"' for word in words), lambda value: value if value in words else None)


def _slot_or(*words: str) -> _Kind:
    expected = "{position = N, keyword = NAME}, " + ", ".join(f'"{word}"' for word in words)
    return _Kind(expected, lambda value: value if isinstance(value, str) and value in words else _slot(value))


_CONSTRAINTS = ("unique", "relation", "many", "constraint", "choice")


def _constraints(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value or any(word not in _CONSTRAINTS for word in value):
        return None
    return tuple(value)


def _events(value: object) -> tuple[str, ...] | None:
    events = [value] if isinstance(value, str) else value
    if not isinstance(events, list) or not events or any(event not in EVENTS for event in events):
        return None
    return tuple(events)


_PATH = _Kind('a dotted path such as "package.Class().method"', _path)
_PATHS = _Kind("a list of dotted paths", _all(_path))
_FLAG = _Kind("true or false", _flag)
_COMMON = _Kind('true, false or "package"', _common)
_SLOT = _Kind("{position = N, keyword = NAME}, one of them or both", _slot)
_RETURNS = _Kind('"row", "rows", "self" or a dotted path', _path)
_ON = _Kind(" or ".join(f'"{event}"' for event in EVENTS) + ", or a list of them", _events)
_CONSTRAINED = _Kind("a list of " + " or ".join(f'"{word}"' for word in _CONSTRAINTS), _constraints)
_HOW_LONG = _word("thread", "pool", "loop")
_EVERY: Mapping[str, _Kind] = {
    "why": _Kind("a sentence that gives the fact", _text),
    "path": _PATH,
    "paths": _PATHS,
    "methods": _Kind("a list of names", _all(_path)),
    "enabled": _FLAG,
}
_CALLABLE: Mapping[str, _Kind] = {
    "callable": _SLOT,
    "args": _slot_or("rest", "map", "none"),
    "kwargs": _slot_or("rest"),
    "returns": _RETURNS,
}
_DOES = (
    "identity",  # the result is, or calls, the callable that was given
    "partial",  # the result calls it with these arguments in front
    "call",  # calls it now
    "same-thread",  # it is called in this thread, now or later
    "never",  # it is not called in this process
    "close",  # it runs, or the with block runs, and the connection is shut afterwards
    "within",  # it runs between entering and leaving the value that the path gives
    "returns",  # nothing is called; the result is `returns`
    "await",  # the result calls it, and waits for the coroutine that it gives
    "use",  # nothing is called; what it is given is iterated, printed, ..., as `use` says
    "property",  # reading the attribute calls it
    "contextmanager",  # a generator function becomes a context manager
    "closing",  # a context manager that calls the argument's close
    "suppress",  # a context manager that swallows the exceptions given
    "on-exit",  # it is called when the receiver is left
    "enter",  # the manager given is entered now and left with the receiver
    "around",  # it becomes a decorator; it runs as (function, object, args, kwargs) when what it decorates is called
    "keep",  # the receiver keeps it, and what it is given by keyword, for a `kept` call or a spawn without a callable
    "kept",  # calls, in any number, what the receiver was given to keep
    "register",  # a `registered` call of the same library runs it, in whatever module that stands
    "registered",  # runs, in any number, what the project's modules have registered with the library
)
_OPTIONS: Mapping[str, Mapping[str, _Kind]] = {
    "type": {"same": _PATHS, "bases": _PATHS, "constrained": _CONSTRAINED},
    "touch": {
        "on": _ON,
        "returns": _RETURNS,
        "alias": _SLOT,
        "unless_empty": _SLOT,
        "constrained": _CONSTRAINED,
        "given_query": _FLAG,
        "cache_table": _FLAG,
        "only_opens": _FLAG,
    },
    "lazy": {"on": _ON, "returns": _RETURNS, "alias": _SLOT},
    "close": {"closes": _word("default", "all", "receiver"), "when": _word("always", "max-age-0")},
    "spawn": {
        **_CALLABLE,
        "kind": _HOW_LONG,
        "also": _Kind("a list of {position = N, keyword = NAME}", _slots),
        "requires": _Kind("{keyword = NAME, value = LITERAL}", _condition),
        "maker": _Kind("{path = CALL, without = KEYWORD}", _maker),
        "decorator": _FLAG,
        "common": _COMMON,
        "entries": _Kind("a list of method names", _all(_path)),
        "needs_base": _PATH,
        "server": _SLOT,
        "use": _word("iter"),
    },
    "subclass": {
        "entries": _Kind("a list of method names", _all(_path)),
        "kind": _HOW_LONG,
        "calls_target": _FLAG,
        "needs_base": _PATH,
        "common": _COMMON,
    },
    "wrapper": {
        **_CALLABLE,
        "does": _word(*_DOES),
        "use": _word(*EVENTS),
        "calls": _Kind("a whole number from 1", _count),
        "bare": _FLAG,
        "chained": _FLAG,
        "entries": _Kind("a list of attributes' names", _all(_path)),
        "when": _word("always", "max-age-0"),
    },
    "fork": {**_CALLABLE, "starts": _Kind("a method's name", _path)},
    "quiet": {},
    "wait": {},
    "descriptor": {"returns": _RETURNS, "related": _FLAG, "reverse": _RETURNS},
}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "close": ("closes",),
    "spawn": ("kind",),
    "subclass": ("entries", "kind"),
    "wrapper": ("does",),
    "descriptor": ("returns",),
}
TABLES: Mapping[str, str] = {
    "type": "Other spellings of a class, and its bases.",
    "touch": "Opens a connection, or uses one.",
    "lazy": "Builds a query without running it.",
    "close": "Shuts a connection, or all of them.",
    "spawn": "Hands a callable to another thread.",
    "subclass": "A class whose subclasses have methods that run in another thread.",
    "wrapper": "What becomes of a callable that a library is given.",
    "fork": "Makes another process, which begins with what this one has open, or gives one something to do.",
    "quiet": "Neither opens a connection nor raises.",
    "wait": "Waits for long: for time to pass, a message, a client.",
    "descriptor": "What reading a class attribute of a library's gives on an instance.",
}
_KEYS: Mapping[str, Mapping[str, _Kind]] = {table: {**_EVERY, **options} for table, options in _OPTIONS.items()}


def read_tables(source: str, tables: Mapping[str, object]) -> Iterator[Row]:
    """Give the rows of parsed tables in their order, each path on its own; raise BadRow at the first misfit."""
    for table, entries in tables.items():
        if table not in _KEYS:
            raise BadRow(source, f"[[{table}]]", "", f"unknown table; {_known(table, TABLES)}")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise BadRow(source, f"[[{table}]]", "", f"expected rows, each under its own [[{table}]] line")
        for number, entry in enumerate(entries, 1):
            yield from _read_row(source, table, number, entry)


def _read_row(source: str, table: str, number: int, entry: Mapping[str, object]) -> Iterator[Row]:
    kinds = _KEYS[table]
    given = entry.get("path") or entry.get("paths")
    name = f"[[{table}]] row {number}" + (f" ({given})" if given else "")
    options: dict[str, Any] = {}
    for key, value in entry.items():
        kind = kinds.get(key)
        if kind is None:
            raise BadRow(source, name, key, f"unknown key; {_known(key, kinds)}")
        options[key] = kind.read(value)
        if options[key] is None:
            raise BadRow(source, name, key, f"expected {kind.expected}, got {value!r}")
    path, paths, methods = options.pop("path", None), options.pop("paths", None), options.pop("methods", ("",))
    if (path is None) == (paths is None):
        raise BadRow(source, name, "path", f"expected {_PATH.expected}, as path or as paths and not as both")
    needed = ("why", *_NEEDED.get(table, ())) if options.get("enabled", True) else ()
    for key in needed:
        if key not in options:
            raise BadRow(source, name, key, f"missing; expected {kinds[key].expected}")
    # A retired row without events retires all of them, or "enabled = false" would do nothing for an iteration row.
    if not options.get("enabled", True):
        options = {"on": EVENTS, "why": "retired", **options}
    first = Row(table, "", source=source, **options)
    for owner in paths or (path,):
        for method in methods:
            # All but the path is the same; slices take a third of the time that the keywords take.
            yield Row._make((table, f"{owner}.{method}" if method else owner, *first[2:]))


def _known(word: str, words: Mapping[str, object]) -> str:
    """Suggest the nearest word, or name all that are known."""
    near = difflib.get_close_matches(word, words, 1)
    return f'did you mean "{near[0]}"?' if near else "expected one of " + ", ".join(words)
