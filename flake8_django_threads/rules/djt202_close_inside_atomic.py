"""DJT202: a connection is closed inside a transaction of the same thread, which loses its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flake8_django_threads.base import Finding, Step
from flake8_django_threads.effects.closing_words import CLOSING
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.rules.rule import Example, Rule, way, written

if TYPE_CHECKING:
    from flake8_django_threads.effects.inside_atomic import Inside
    from flake8_django_threads.values.interpreter import Interpreter


class CloseInsideAtomic(Rule):
    """A connection is closed inside a transaction of the same thread.

    What it finds
        A close that runs inside `transaction.atomic()`, a function decorated with it, a test of a `TestCase`, or a view
        that writes where the settings say `ATOMIC_REQUESTS`: written there, or in a function that is called from there,
        however many calls away. Where a test puts a double on the way, nothing is said of it.

    Why it matters
        The block ends without an exception and its rows are lost: Django takes the closed connection for one that has
        rolled back. `close_old_connections()` closes there too, whatever `CONN_MAX_AGE` says. A query after the close
        raises, and in a `TestCase` the tests that follow fail as well.
    """

    code = "DJT202"
    name = "close-inside-atomic"
    fix_safety = "None: close where the thread begins, or only `if not connection.in_atomic_block`."
    known_gaps = (
        "A transaction that a project's own generator manager opens around its `yield` is not seen.",
        "A view that ATOMIC_REQUESTS runs in a transaction is known by its class or its route; an admin's is not.",
    )
    words = ("close_all", "close_old_connections", "connection", "request_finished", "request_started")
    example = Example(
        bad="""
            from django.db import connection, transaction
            from shop.models import Order


            def archive(pk):
                Order.objects.filter(pk=pk).update(archived=True)
                connection.close()


            def close_order(pk):
                with transaction.atomic():
                    archive(pk)
            """,
        good="""
            from django.db import connection, transaction
            from shop.models import Order


            def archive(pk):
                Order.objects.filter(pk=pk).update(archived=True)
                if not connection.in_atomic_block:
                    connection.close()


            def close_order(pk):
                with transaction.atomic():
                    archive(pk)
            """,
    )

    def looks_worth(self, text: str, spawns: bool) -> bool:  # noqa: ARG002
        """The close is written in the file itself."""
        return CLOSING.passes(text)

    def prepare(self, run: Interpreter, root: str) -> None:
        """Run the transactions of the whole project, for closes in any of its files."""
        from flake8_django_threads.effects.inside_atomic import closes_inside

        closes_inside(run, root)

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report each close of the file from which a transaction may go on to its end."""
        from flake8_django_threads.effects.inside_atomic import closes_inside

        run = file.run
        root = run.resolver.project_root(file.module.path)
        only = file.module.path if file.alone else ""
        for inside in closes_inside(run, root, only).get(file.module.path, ()):
            yield self.found_at(file, inside.at, _message(file, inside), None, _trail(file, inside))


def _message(file: LintedFile, inside: Inside) -> str:
    close = written(inside.what)
    names = [name.rpartition(".")[2] for name, _, _ in inside.calls]
    place = file.span(inside.block.path, inside.block.at).short
    if names:
        place += f", by way of {way(names)}"
    where = f"the transaction of {inside.test} ({place})" if inside.test else f"the atomic block of {place}"
    if inside.request:
        where = f"the transaction of a request (ATOMIC_REQUESTS, {inside.request}, {place})"
        return f"{close}() runs inside {where}: it ends without an exception and its rows are lost"
    return f"{close}() runs inside {where}: the block ends without an exception and its rows are lost"


def _trail(file: LintedFile, inside: Inside) -> tuple[Step, ...]:
    steps = [Step(file.span(inside.block.path, inside.block.at), "begins a transaction")]
    steps += [Step(file.span(path, at), f"calls {name}") for name, path, at in inside.calls]
    return (*steps, Step(file.span(inside.path, inside.at), "closes the transaction's connection"))
