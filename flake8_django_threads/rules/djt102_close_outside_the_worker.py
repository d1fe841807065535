"""DJT102: the close runs in another thread than the query."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding, Span
from flake8_django_threads.effects.linted_file import LintedFile
from flake8_django_threads.effects.sites import SpawnSite
from flake8_django_threads.facts import records as r
from flake8_django_threads.facts.places import begin, innermost
from flake8_django_threads.rules.rule import Example, Rule, written


class CloseOutsideTheWorker(Rule):
    """The close runs in another thread than the one whose connection was meant.

    What it finds
        A close that is handed to a thread or pool as a job of its own, or as the initializer of the workers; a job
        that only a done-callback closes; and a close in the function that starts the jobs, which itself uses no
        connection.

    Why it matters
        A connection belongs to the thread that opened it, and every close works on the connections of the thread that
        runs it. The worker's stays open. A job that only closes gets whichever worker is free: three of them in a pool
        of three may all run in the same one. A done-callback runs in the worker only if the job is not done yet.
    """

    code = "DJT102"
    name = "close-outside-the-worker"
    fix_safety = "None here: the finding on the job is what gets the close."
    known_gaps = ("A close in the caller of the function that starts the jobs is not seen.",)
    words = ("close_all", "close_old_connections", "connection.close", "connections", "request_finished")
    example = Example(
        bad="""
            from concurrent.futures import ThreadPoolExecutor

            from django.db import connections


            def show_all(texts):
                with ThreadPoolExecutor(4, initializer=connections.close_all) as pool:
                    pool.map(print, texts)
            """,
        good="""
            from concurrent.futures import ThreadPoolExecutor


            def show_all(texts):
                with ThreadPoolExecutor(4) as pool:
                    pool.map(print, texts)
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a job that is nothing but a close, and a job that is closed by its callback alone."""
        if site.only_closes and not site.connections and not site.through:
            span = site.target or site.span
            if site.kind == "thread":
                yield self._said(span, f"{site.entry_name} runs in a new thread, which has no connection to close")
            else:
                what = f"{site.entry_name} runs in one worker of a pool, as a job of its own"
                yield self._said(span, f"{what}: it closes what that worker has open by then, and nothing else")
        if site.callback is not None and site.connections:
            what = f"the done-callback alone closes what {site.entry_name} opens"
            yield self._said(site.callback, f"{what}: it runs in this thread if the job is done before it is added")

    def _said(self, span: Span, text: str) -> Finding:
        return Finding(self.code, span, self.fitted([text]))

    def looks_worth(self, text: str, spawns: bool) -> bool:  # noqa: ARG002
        """Only a file that starts threads has what is found here."""
        return spawns

    def check_file(self, file: LintedFile) -> Iterable[Finding]:
        """Report the close behind a leaking spawn in a function that has no connection of its own to close."""
        leaking = [site for site in file.sites if site.leak is not None and site.leak.close is None]
        if not leaking:
            return
        from flake8_django_threads.effects.closes import touches

        seen: set[r.At] = set()
        written_out = [function for function in file.module.functions if function.name != "<lambda>"]
        for use in file.uses:
            function = use.frame.function
            if not use.closes or len(use.stack) != 1 or function is None or use.at in seen:
                continue
            for site in leaking:
                place = site.span[1:]
                if begin(place) < begin(use.at) and innermost(written_out, place) is function:
                    seen.add(use.at)
                    if isinstance(function.owner, r.Function) or touches(file.run, file.module, function):
                        break
                    close = written(use.path)
                    text = f"{close}() closes this thread's connections, not that of the thread that runs"
                    yield self.found_at(file, use.at, f"{text} {site.entry_name} (line {place[0]})")
                    break
