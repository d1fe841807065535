"""Where a spawn stands, as far as that alone may be a mistake."""

from __future__ import annotations

from typing import NamedTuple

from flake8_django_threads.base import Span


class Block(NamedTuple):
    """An atomic block, by its with statement or decorated function, that is open where the other thread starts.

    ``start`` is the call that starts it. ``request``: a request's transaction, by its view.
    """

    span: Span
    alias: str
    start: Span
    request: bool = False


class InTest(NamedTuple):
    """The test, fixture or helper of a test class that holds a spawn.

    ``rolled_back`` says by what the test runs inside a transaction: "TestCase" or "django_db"; empty where it does not,
    and where that is all the same, for there are no rows to miss.
    ``waits``: something in it, or in its class, waits for threads or jobs to end.
    """

    name: str
    rolled_back: str
    waits: bool


class Startup(NamedTuple):
    """What runs a spawn in every process: ``how`` is "import" or "ready", ``span`` the def of that ``ready``."""

    how: str
    span: Span


class Crossing(NamedTuple):
    """A value of this thread's connection that the other thread gets.

    ``what`` names it; ``how`` says by which way it goes, as in "as an argument".
    """

    what: str
    how: str


class Unthreaded(NamedTuple):
    """A configuration of uWSGI that lets no threads run; ``kind`` is "ini", "yaml", "json", "xml" or "command"."""

    span: Span
    kind: str


class Surroundings(NamedTuple):
    """All of it for one spawn; only what the code in the other thread makes a mistake of is filled in.

    ``doubled``: a test puts something else in the very place of the query, so that it opens nothing.
    """

    blocks: tuple[Block, ...] = ()
    test: InTest | None = None
    startup: Startup | None = None
    crossings: tuple[Crossing, ...] = ()
    unthreaded: tuple[Unthreaded, ...] = ()
    doubled: bool = False


NOWHERE = Surroundings()
