"""DJT101: a job in a pool of threads opens a connection, and nothing closes it."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import NEVER_CLOSED, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class PoolJobNeverCloses(Rule):
    """A job that a pool's worker thread runs touches the database, and no path closes the connection.

    What it finds
        A callable given to `ThreadPoolExecutor.submit` or `map`, `ThreadPool`, `run_in_executor`, `asyncio.to_thread`
        or `sync_to_async(thread_sensitive=False)` that opens Django's connection and never closes it.

    Why it matters
        The worker thread outlives the job and keeps the connection as long as it lives; the garbage collector never
        helps. Each worker holds one session per database, and a test database cannot be dropped.
    """

    code = "DJT101"
    name = "pool-job-never-closes"
    fix_safety = "Safe: the job is wrapped where it is handed over, or in place where it is only ever a job."
    known_gaps = ("A close in the executor's initializer, or in the parent after the pool, rightly does not count.",)
    example = Example(
        bad="""
            from concurrent.futures import ThreadPoolExecutor

            from shop.models import Order

            POOL = ThreadPoolExecutor(4)


            def archive(pk):
                Order.objects.filter(pk=pk).update(archived=True)


            def archive_later(pk):
                POOL.submit(archive, pk)
            """,
        good="""
            from concurrent.futures import ThreadPoolExecutor

            from django.db import connections
            from shop.models import Order

            POOL = ThreadPoolExecutor(4)


            def archive(pk):
                try:
                    Order.objects.filter(pk=pk).update(archived=True)
                finally:
                    connections.close_all()


            def archive_later(pk):
                POOL.submit(archive, pk)
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a pool job that leaves a connection open and has no close at all."""
        leak = site.leak
        if leak is not None and leak.fault == NEVER_CLOSED and site.kind != "thread":
            yield self.finding(site, leak, "but never closes its connection")
