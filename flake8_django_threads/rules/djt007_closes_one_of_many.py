"""DJT007: one database is queried, and the connection to another one closed."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.sites import FORGOTTEN, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class ClosesOneOfMany(Rule):
    """The connection to one database is closed, and a query to another one left its connection open.

    What it finds
        Code in another thread that queries an alias (`using("replica")`, `connections["replica"]`) and closes only
        the connections of others.

    Why it matters
        Each thread has a connection for each alias. `connection.close()` is that of `default` and shuts no other; the
        one to the replica stays open as if there were no close at all.
    """

    code = "DJT007"
    name = "closes-one-of-many"
    fix_safety = (
        "Safe: the body goes under `try` with `connections.close_all()` in `finally`; the existing close stays."
    )
    known_gaps = ("Routers are not asked: a query without `using` counts as one to `default`.",)
    example = Example(
        bad="""
            import threading

            from django.db import connection
            from shop.models import Order


            def recount():
                try:
                    print(Order.objects.using("replica").count())
                finally:
                    connection.close()


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
        good="""
            import threading

            from django.db import connections
            from shop.models import Order


            def recount():
                try:
                    print(Order.objects.using("replica").count())
                finally:
                    connections.close_all()


            def refresh(request):
                threading.Thread(target=recount).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report an alias that is left open while the code closes only others."""
        leak = site.leak
        if leak is not None and leak.fault == FORGOTTEN and leak.other_close is not None:
            alias = leak.other_close.leaf.alias
            yield self.finding(site, leak, f"but closes only {alias!r}, at {site.seen(leak.other_close)}")
