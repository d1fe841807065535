"""DJT005: a loop over ``connections`` takes the aliases that it gives for connections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flake8_django_threads.base import Finding, Remedy, Span
from flake8_django_threads.effects.closing_words import is_imported
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin
from flake8_django_threads.rules.rule import Example, Rule

_ALIAS = "django.db.connections[alias]."
_NAMED = re.compile(r"connections\b(?<!\wconnections)(\s+as\s)?(?!\s*[.\[])")


class IteratesAliases(Rule):
    """A loop over `connections` treats the names that it gives as connections.

    What it finds
        `for c in connections: c.close()`, in any code: iterating `connections` gives alias
        names, which are strings. Any attribute that a string does not have is reported.

    Why it matters
        The line raises `AttributeError: 'str' object has no attribute 'close'`. As it usually stands in a `finally`,
        it hides the exception under way, and no connection is closed.
    """

    code = "DJT005"
    name = "iterates-aliases"
    fix_safety = "Safe: the loop runs over `connections.all()` where its variable is used as a connection only."
    known_gaps = ("A loop in a function that is given `connections` by its callers is not seen.",)
    words = ("connections",)
    example = Example(
        bad="""
            from django.db import connections


            def drop_sessions():
                for connection in connections:
                    connection.close()
            """,
        good="""
            from django.db import connections


            def drop_sessions():
                for connection in connections.all():
                    connection.close()
            """,
    )

    def looks_worth(self, text: str, spawns: bool) -> bool:  # noqa: ARG002
        """Whoever iterates ``connections`` has them from an import, and names them without index and attribute."""
        had = "db.connections" in text or "import *" in text
        bare = False
        for found in _NAMED.finditer(text):
            imported = is_imported(text, found.start())
            had = had or imported
            bare = bare or bool(found[1]) or not imported
        return had and bare

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report each place where an alias is asked for what only a connection has."""
        seen: set[tuple[int, int]] = set()
        for use in file.uses:
            name = use.path.removeprefix(_ALIAS)
            if name == use.path or hasattr(str, name) or use.frame.module is not file.module or begin(use.at) in seen:
                continue
            seen.add(begin(use.at))
            remedy = _remedy(file, use.at)
            text = (
                f"iterating connections gives alias names: .{name} raises AttributeError: 'str' object has no attribute"
            )
            yield self.found_at(file, use.at, f"{text} {name!r}", remedy)


def _remedy(file: LintedFile, at: r.At) -> Remedy | None:
    """``iterate-all``: ``spawn`` is the span of the loop's ``connections``, which becomes ``connections.all()``.

    None where the loop iterates anything else, or uses its variable as the name that it is.
    """
    from flake8_django_threads.effects.closes import is_connections

    for target, iterable, parts in _loops(file.module.body):
        if not (isinstance(target, r.Name) and isinstance(iterable, (r.Name, r.Attr)) and _holds(parts, at)):
            continue
        if any(_as_string(part, target.id) for part in parts) or not is_connections(file.run, file.module, iterable):
            return None
        return Remedy("iterate-all", None, Span(file.shown, *iterable.at), None)
    return None


def _loops(block: object) -> Iterator[tuple[r.Expr, r.Expr, tuple[object, ...]]]:
    """Every loop and comprehension clause below: target, iterable, and the parts that see the target; inner first."""
    if isinstance(block, (r.Function, r.ClassFact)):
        yield from _loops(block.body)
    elif isinstance(block, tuple):
        for part in block:
            yield from _loops(part)
        if isinstance(block, r.For):
            yield block.target, block.iterable, (block.body,)
        elif isinstance(block, r.Comprehension):
            for clause in block.clauses:
                yield clause.target, clause.iterable, (block.elements, clause.tests)


def _holds(part: object, at: r.At) -> bool:
    if isinstance(part, (r.Attr, r.Call)) and begin(part.at) == begin(at):
        return True
    return isinstance(part, tuple) and any(_holds(inner, at) for inner in part)


def _as_string(part: object, name: str) -> bool:
    """Whether a name is used other than for an attribute that a string does not have."""
    if isinstance(part, r.Attr) and isinstance(part.base, r.Name) and part.base.id == name:
        return hasattr(str, part.name)
    if isinstance(part, r.Name):
        return part.id == name
    if isinstance(part, (r.Function, r.ClassFact)):
        return _as_string(part.body, name)
    return isinstance(part, tuple) and any(_as_string(inner, name) for inner in part)
