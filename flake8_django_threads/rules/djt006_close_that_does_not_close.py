"""DJT006: something looks like the close of a connection and is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from flake8_django_threads.base import Finding, Remedy, Span
from flake8_django_threads.effects.closing_words import has
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.effects.stand_ins import takes_stand_in_away
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin, holds
from flake8_django_threads.facts.walk import words
from flake8_django_threads.rules.rule import Example, Rule

if TYPE_CHECKING:
    from flake8_django_threads.effects.closes import Use

_CONNECTIONS = ("django.db.connection", "django.db.connections[]")
# Whoever changes these has the connection made anew.
_SETTINGS = frozenset({"DATABASES", "databases"})
_DEL = "close-before-del"
_CURSOR = "django.db.connections[].cursor()"
_SILENT_HERE = {
    f"{_CURSOR}.close": "closes the cursor alone",
    f"{_CURSOR}.__enter__": "closes the cursor alone",
    "django.db.reset_queries": "empties the log of queries alone",
}
# What a mistake has to look like, whatever the connection is called there.
_WITH_ARGUMENT = re.compile(r"\bclose_all\s*\((?!\s*\))")
_DELETED = re.compile(r"\bdel\s[^\n]*\[")
_OF_THE_DRIVER = re.compile(r"\.connection[\s\\)]*\.\s*close\b")
_WITH = re.compile(r"with\b([^:]*)")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


class CloseThatDoesNotClose(Rule):
    """A statement looks as if it closed the connection, and does not.

    What it finds
        `with connection:` and `connections.close_all(...)` with an argument, which raise TypeError;
        `del connections[alias]` without a close; `connection.connection.close()`, which closes the driver's
        connection alone; and, in a thread that never closes, the end of a cursor or `reset_queries()`.

    Why it matters
        The author meant to release the connection, and a reader believes it. The session stays open, or the next query
        fails on a connection that Django takes for open.
    """

    code = "DJT006"
    name = "close-that-does-not-close"
    fix_safety = (
        "Safe for `connections.close_all(...)`, which loses its argument. Unsafe for the driver's connection, which "
        "Django's takes the place of, and for `del`, which gets a close above it: they close what stayed open before. "
        "None for the others: `with connection:` may stand for a transaction as well, and the thread behind a cursor "
        "gets its close with its own finding."
    )
    known_gaps = (
        "A driver's connection that is closed in a test is taken for a broken connection on purpose.",
        "Any close in the function, or below it, counts for a `del`, whichever connection it closes.",
    )
    words = ("connections", "import connection", "db.connection", "reset_queries")
    example = Example(
        bad="""
            from django.db import connections


            def forget():
                del connections["default"]
            """,
        good="""
            from django.db import connections


            def forget():
                connections["default"].close()
                del connections["default"]
            """,
    )

    def looks_worth(self, text: str, spawns: bool) -> bool:
        """A mistake is written in the file itself; what a thread forgets to close may be anything."""
        if spawns or ("close_all" in text and _WITH_ARGUMENT.search(text)):
            return True
        many = has(text, "connections")
        if not (many or has(text, "connection")):
            return False
        if many and _DELETED.search(text):
            return True
        return bool(_OF_THE_DRIVER.search(text)) or any(map(_may_enter, _with_items(text)))

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report what raises, what forgets an open connection, and what stands for the close in a leaking thread."""
        seen: set[tuple[int, int]] = set()
        found = file.uses
        for use in found:
            if use.frame.module is not file.module or begin(use.at) in seen:
                continue
            text, kind = _mistake(file, use, found)
            text = text or _in_a_leaking_thread(file, use)
            if text:
                seen.add(begin(use.at))
                remedy = Remedy(kind, None, Span(file.shown, *use.at), None) if kind else None
                yield self.found_at(file, use.at, text, remedy)


def _with_items(text: str) -> Iterator[str]:
    """What stands between ``with`` and the next colon, for each statement."""
    for found in _WITH.finditer(text):
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
        if before in ("", "async"):
            yield found[1]


def _may_enter(items: str) -> bool:
    """Whether a with statement may be given a connection itself: a name, or a call that sounds like one."""
    left = ""
    while left != items:
        left, items = items, _IN_BRACKETS.sub(lambda found: "<>" if found[0][0] == "(" else "{}", items)
    # A colon among the arguments has cut a call short.
    whole, bracket, _ = items.partition("(")
    for item in (f"{whole}<>" if bracket else whole).split(","):
        written = item.partition(" as ")[0].strip()
        called = written.removesuffix("<>")
        if called in (written, "") or "conn" in called.rpartition(".")[2].lower():
            return True
    return False


def _mistake(file: LintedFile, use: Use, found: Iterable[Use]) -> tuple[str, str]:
    """What is wrong with a use, whoever runs it, and the kind of its remedy; empty where there is none."""
    owner, _, last = use.path.rpartition(".")
    if last == "__enter__" and owner in _CONNECTIONS:
        text = "with connection: raises TypeError, a connection of Django's is no context manager; it closes nothing"
        return text, ""
    if use.path == "django.db.connections.close_all" and use.call is not None and (use.call.args or use.call.keywords):
        text = "connections.close_all() takes no argument: the call raises TypeError and closes nothing"
        return text, "bare-close-all"
    if use.path == "django.db.connections.__delitem__":
        function = use.frame.function
        if any(other.closes and any(frame.function is function for frame, _ in other.stack) for other in found):
            return "", ""
        if function is not None and _SETTINGS & words(function.body):
            return "", ""
        if takes_stand_in_away(file.run, use, found):
            return "", ""
        return "del connections[...] forgets the connection without closing it: the session stays open", _DEL
    if last == "close" and owner in [f"{path}.connection" for path in _CONNECTIONS] and _is_written_so(use):
        function = use.frame.function
        if not _is_test(file, function) and not (function is not None and _takes_away(function)):
            text = f"{owner.rpartition('.')[2]}.close() closes the driver's connection alone: Django takes it for open"
            return text, "close-wrapper"
    return "", ""


def _in_a_leaking_thread(file: LintedFile, use: Use) -> str:
    """What a use that is right elsewhere does not do for a thread of this file that never closes."""
    function = use.frame.function
    if use.path not in _SILENT_HERE or function is None:
        return ""
    for site in file.sites:
        leak = site.leak
        if leak is None or leak.close is not None or leak.touch.path != file.module.path:
            continue
        if holds(function.at, leak.touch.leaf.at) and "cursor" in leak.touch.leaf.what:
            return f"this {_SILENT_HERE[use.path]}: the connection stays open in the thread that runs {site.entry_name}"
    return ""


def _is_written_so(use: Use) -> bool:
    """Whether the driver's connection is taken and closed in one expression: a name for it may hold another one."""
    func = use.call.func if use.call is not None else None
    return isinstance(func, r.Attr) and isinstance(func.base, r.Attr) and func.base.name == "connection"


def _is_test(file: LintedFile, function: r.Function | None) -> bool:
    name = file.module.path.replace("\\", "/").rpartition("/")[2]
    return name.startswith(("test", "conftest")) or (function is not None and function.name.startswith("test"))


def _takes_away(function: r.Function) -> bool:
    """Whether the function sets ``.connection`` too: it takes the driver's connection from Django on purpose."""
    return any(
        isinstance(target, r.Attr) and target.name == "connection"
        for stmt in _statements(function.body)
        if isinstance(stmt, r.Assign)
        for target in stmt.targets
    )


def _statements(block: object) -> Iterator[object]:
    if isinstance(block, tuple):
        yield block
        for part in block:
            yield from _statements(part)
