"""DJT003: a query runs after the close and opens the connection again."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import REOPENED_AFTER, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ReopenedAfterClose(Rule):
    """The connection is closed, and then a query opens it again.

    What it finds
        Code in another thread whose last query comes after its close: a close only at the start, a close before the
        last query, a query in `finally` after the close.

    Why it matters
        Django opens a connection on the next query without a word, so a close in the wrong place does nothing.
    """

    code = "DJT003"
    name = "reopened-after-close"
    fix_safety = "Safe: the body goes under `try` with a close in `finally`; the existing close stays."
    known_gaps = ("Whether a related row is cached already is not tracked, so reading it counts as a query.",)
    example = Example(
        bad="""
            import threading

            from django.db import connection
            from shop.models import Order


            def recount():
                connection.close()
                print(Order.objects.count())


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
        good="""
            import threading

            from django.db import connection, connections
            from shop.models import Order


            def recount():
                try:
                    connection.close()
                    print(Order.objects.count())
                finally:
                    connections.close_all()


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a leak whose every plain way out has a close before it, and a query after that."""
        leak = site.leak
        if leak is None or leak.fault != REOPENED_AFTER or leak.close is None:
            return
        queries = [turn for turn in site.detour if turn.what == "queries"]
        closes = [turn for turn in site.detour if turn.what == "closes"]
        after = f"after the close at {closes[-1].place(site.root) if closes else site.seen(leak.close)}"
        if queries and queries[-1].at != leak.touch.leaf.at:
            after = f"but queries again at {queries[-1].place(site.root)} {after}"
        yield self.finding(site, leak, after)
