"""The frozen values that every room may hold: places, evidence, findings and remedies."""

from __future__ import annotations

from typing import NamedTuple

# The code that tells of an entry that is not known, by which a proof sees that it knows less than before.
UNKNOWN = "DJT900"


class Span(NamedTuple):
    """A place in a file. Lines count from 1 and columns from 0, in characters, as in ``ast``."""

    path: str
    line: int
    col: int
    end_line: int
    end_col: int

    @property
    def short(self) -> str:
        """The place as ``path:line``, the form used in messages."""
        return f"{self.path}:{self.line}"


class Step(NamedTuple):
    """One piece of evidence on the way from the spawn to the touch, or to the missed close."""

    span: Span
    text: str


class Definition(NamedTuple):
    """A function, method, lambda or class by where it is written, so that an edit can find it again.

    ``qualname`` is dotted as in Python, with ``<locals>`` left out: ``Outer.method``, ``view.worker``.
    ``span`` is that of the whole ``def``, ``lambda`` or ``class``, decorators left out.
    """

    qualname: str
    span: Span


class Remedy(NamedTuple):
    """The plain description of an edit; only ``fix`` knows how to write it.

    ``kind`` is ``"wrap"`` (make sure that the entry's connection is closed). ``entry`` is the callable that
    the other thread runs, where it is known and written in the project. ``spawn`` is the call (or ``def run``)
    that hands it over and ``target`` the argument expression of that call which is the callable; None for a
    ``Thread`` subclass with its own ``run``, a handler class or a decorator. ``inner`` is the argument that makes the
    thread inside the project's own helper, decorator or ``Thread`` subclass, where ``spawn`` calls one: what it does
    with the callable beside that is unknown. ``only_spawned`` says that every reference to the entry in the project is
    a spawn, which is what allows an edit in place.
    ``many_databases`` asks for ``connections.close_all()`` instead of ``connection.close()``.
    ``blocked`` is a reason, in words, why no edit is offered; empty where there is one.

    ``"on-commit"``: let the call at ``target`` (``thread.start()``, ``pool.submit(f)``) wait for the commit of the
    transaction on database ``alias``. ``"transaction-test-case"``, ``"transaction-mark"``: let the test around
    ``spawn`` commit what it writes. ``"close-before-fork"``: close all connections above the statement at ``spawn``,
    which makes another process. ``"ini-enable-threads"``: give the uWSGI section that begins at ``spawn`` the option.
    """

    kind: str
    entry: Definition | None
    spawn: Span
    target: Span | None
    only_spawned: bool = False
    many_databases: bool = True
    blocked: str = ""
    inner: Span | None = None
    alias: str = "default"


class Finding(NamedTuple):
    """One warning: where it stands, what it says, and the evidence and edit that go with it.

    ``message`` begins without the code; ``text`` is what a user sees.
    """

    code: str
    span: Span
    message: str
    trail: tuple[Step, ...] = ()
    remedy: Remedy | None = None

    @property
    def text(self) -> str:
        """The finding as flake8 prints it: code, blank, message."""
        return f"{self.code} {self.message}"


class Problem(NamedTuple):
    """Something that kept the tool from its work, told in one line: where, and why."""

    path: str
    line: int
    cause: str

    @property
    def text(self) -> str:
        """The problem as one line, ``path:line: cause`` (the line is left out where it is 0)."""
        return f"{self.path}:{self.line}: {self.cause}" if self.line else f"{self.path}: {self.cause}"
