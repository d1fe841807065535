"""DJT002: the close is there, but something gets past it."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_django_threads.base import Finding
from flake8_django_threads.effects.detour import departure
from flake8_django_threads.effects.sites import SKIPPED, SpawnSite
from flake8_django_threads.rules.rule import Example, Rule


class CloseNotOnEveryPath(Rule):
    """A close exists, but an exception, an early return, a `continue` or a branch gets past it.

    What it finds
        Code in another thread that closes its connection on some ways out only: a close at the end of the body, in
        `except`, in `else`, behind a condition, or after a `return`.

    Why it matters
        The query itself may raise after it has opened the connection. The leak then comes exactly when something else
        is wrong already.
    """

    code = "DJT002"
    name = "close-not-on-every-path"
    fix_safety = "Safe: a close at the end moves into `finally`; the order of effects is unchanged."
    known_gaps = ("A close inside a callback that a library calls is not seen.",)
    example = Example(
        bad="""
            import threading

            from django.db import connection
            from shop.models import Order


            def send_receipts():
                for order in Order.objects.filter(paid=True):
                    print(order)
                connection.close()


            def checkout(request):
                threading.Thread(target=send_receipts).start()
            """,
        good="""
            import threading

            from django.db import connection
            from shop.models import Order


            def send_receipts():
                try:
                    for order in Order.objects.filter(paid=True):
                        print(order)
                finally:
                    connection.close()


            def checkout(request):
                threading.Thread(target=send_receipts).start()
            """,
    )

    def check(self, site: SpawnSite) -> Iterable[Finding]:
        """Report a leak past a close: on an exception, or on a plain way out that no close precedes."""
        leak = site.leak
        if leak is None or leak.fault != SKIPPED or leak.close is None:
            return
        past = departure(site.detour, leak.close.leaf.at, leak.close.path)
        if past is None:
            but = "a path gets past" if leak.plain else "an exception gets past"
            yield self.finding(site, leak, f"but {but} the close at {site.seen(leak.close)}")
        else:
            yield self.finding(site, leak, f"but skips the close at {site.seen(leak.close)}: {past.told(site.root)}")
