"""DJT502: another process begins with this one's connection, and uses it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flake8_django_threads.base import Finding, Remedy, Span, Step
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.rules.rule import Example, Rule, written
from flake8_django_threads.values import flow

if TYPE_CHECKING:
    from flake8_django_threads.effects.forks import Forked


class ForkWithOpenConnection(Rule):
    """A process is forked after a query, and uses or closes the connection that it inherits.

    What it finds
        `multiprocessing.Process`, `Pool`, `ProcessPoolExecutor` or `os.fork` where this process has queried the
        database and has not closed the connection since, and what runs in the child queries it too, or closes it.

    Why it matters
        Both processes then talk over one socket. They read each other's answers, and fail with errors that mean
        something else. A close in the child comes too late: it ends the parent's session as well, whose next query
        raises `server closed the connection unexpectedly`.
    """

    code = "DJT502"
    name = "fork-with-open-connection"
    default = False
    fix_safety = "Unsafe: closing before the fork ends a transaction or a server-side cursor that is under way."
    known_gaps = (
        "A query in a caller of another file, in a view's middleware or around a test is not seen.",
        "Children made by spawn or forkserver inherit nothing: on macOS, Windows and, since Python 3.14, Linux.",
        "A project that calls `set_start_method`, or a pool that is given a context, is left alone.",
    )
    words = ("multiprocessing", "ProcessPoolExecutor", "fork")
    example = Example(
        bad="""
            from multiprocessing import Process

            from shop.models import Order


            def archive(pk):
                Order.objects.filter(pk=pk).update(archived=True)


            def archive_all():
                for pk in list(Order.objects.values_list("pk", flat=True)):
                    Process(target=archive, args=[pk]).start()
            """,
        good="""
            from multiprocessing import Process

            from django.db import connections
            from shop.models import Order


            def archive(pk):
                Order.objects.filter(pk=pk).update(archived=True)


            def archive_all():
                pks = list(Order.objects.values_list("pk", flat=True))
                connections.close_all()
                for pk in pks:
                    Process(target=archive, args=[pk]).start()
            """,
    )

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report each place where a process begins with a connection that is open and that it uses."""
        from flake8_django_threads.effects.forks import forks

        for forked in forks(file.run, file.module):
            trail = _trail(file, forked)
            remedy = Remedy("close-before-fork", None, trail[1].span, None)
            yield self.found_at(file, forked.at, _message(forked, trail), remedy, trail)


def _message(forked: Forked, trail: tuple[Step, ...]) -> str:
    used = "closes" if isinstance(forked.used.leaf, flow.Close) else "uses"
    alias = "" if forked.alias == flow.DEFAULT else f" to {forked.alias!r}"
    opened = f"opened by {written(forked.parent.leaf.what)}, line {trail[0].span.line}"
    return (
        f"{forked.child} runs in a forked process and {used} the connection{alias} that is open here "
        f"({written(forked.used.leaf.what)}, {trail[-1].span.short}; {opened})"
    )


def _trail(file: LintedFile, forked: Forked) -> tuple[Step, ...]:
    parent, used = forked.parent, forked.used
    steps = [Step(Span(file.shown, *parent.met_at), f"opens the connection: {parent.leaf.what}")]
    steps.append(Step(Span(file.shown, *forked.at), "makes another process, which inherits it"))
    for name, path, at in used.calls:
        steps.append(Step(file.span(path, at), f"calls {name}"))
    does = "closes" if isinstance(used.leaf, flow.Close) else "uses"
    return (*steps, Step(file.span(used.path, used.leaf.at), f"{does} it: {used.leaf.what}"))
