"""DJT900: a spawn about which nothing can be said, and why."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding, Step
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class EntryUnknown(Rule):
    """The code that another thread runs is not known, so that the other codes are silent about it.

    What it finds
        A spawn whose entry, or whose way to it, could not be followed: a parameter without a known caller, a
        name that is looked up at run time, or a limit of the analysis. The message tells the reason.

    Why it matters
        Unknown is silence, never an alarm. Where a project wants to know what it was not told, this lists it, and shows
        where a row of the project's own (`--djt-models`) would help.
    """

    code = "DJT900"
    name = "entry-unknown"
    default = False
    fix_safety = "None: there is nothing to repair, but a row may make the entry known."
    known_gaps = (
        "An entry that is known, but calls something unknown, is not listed; nor is one that a library gave.",
    )
    example = Example(
        bad="""
            import threading


            def later(job):
                threading.Thread(target=job.handler).start()
            """,
        good="""
            import threading


            def ping():
                print("ping")


            def later():
                threading.Thread(target=ping).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a spawn whose entry is unknown, with the reason and the row that would name it a helper."""
        if not site.unknown:
            return
        text = f"the code that runs in the other thread is not known: {site.unknown}"
        if site.row:
            text += f"; known with {site.row}"
        row = [Step(site.span, site.row)] if site.row else []
        yield Finding(self.code, site.span, self.fitted([text]), (*site.trail, *row))
